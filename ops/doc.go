// Package ops is the operator's page, /ops on an admin listener, and what it shows: the services that are known here, with their health;
// streams, swarms and their cells; the last hour as charts; and the switches of remote control.
//
// A [Board] belongs to one process. It asks the admin listeners of others, those that its [Config] names, and that of its own process without
// the network, for what each tells: what it is and how it is (/api/v1/service, see [Self]), an origin its streams, a tracker its swarms, controls and
// cells. It asks each ten seconds, and once a second while somebody looks, and keeps one hour of it in rings of a fixed size. Origins, edges and
// trackers know nothing of it, and it imports none of them: they meet on the network here too.
//
// Whoever reaches an admin listener may do all that stands there. A Board stands before all of it, and sees to it that web pages are no such people: it
// answers only under names that cannot be another's (an address, localhost, or one that Config.Hosts has), and changes something only for its own page,
// or for who is no page. The API of trackers and origins refuses changes of all pages, and stays as it is. See guard.go.
//
// No viewer is known here: trackers tell of viewers by numbers, and never by what leads to them.
//
// New starts nothing; Run asks until its context ends.
package ops
