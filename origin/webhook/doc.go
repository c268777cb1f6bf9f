// Package webhook tells other programs, by HTTP, what happens to broadcasts.
//
// Each event is a POST of JSON to each URL, in the order of the events:
//
//	webhook-id: msg_4QJ7ZC2F5H3LXE6VYB6N2KD5TA
//	webhook-timestamp: 1767225600
//	webhook-signature: v1,BASE64
//
//	{"event":"publish.end","id":"msg_…","time":"2026-01-01T00:00:00.123Z","stream":"show","protocol":"rtmp","reason":"lost"}
//
// The signature is HMAC-SHA256, with the secret, over the id, the timestamp and the body with dots between: that is the
// specification of standardwebhooks.com, for which there are libraries in most languages. The timestamp is that of the attempt, so
// that who receives it can refuse what is old. Without a secret there is no signature.
//
// An answer of 200 to 299 ends it. Anything else, and silence, is tried again with ever longer pauses for an hour, so an event
// may come twice: its id tells. What waits for a URL is bounded; the oldest is dropped, and counted, when too much does. Send
// never waits: a receiver that is slow or away costs a broadcast nothing.
//
// Drive it with New, then Run until all that may send has ended. Run then tries once more what still waits, for a few seconds.
package webhook
