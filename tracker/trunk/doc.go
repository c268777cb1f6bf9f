// Package trunk is the words that trackers of one swarm exchange, and their bytes. One tracker keeps the cells of a
// stream; the others that have viewers of it are its guests.
//
// A batch is a version u8, the sender's name (length u8, bytes) and words, one after the other. A word is kind u8,
// the stream's name (length u8, bytes), session u64, number u32, body length u32, body. All numbers are big endian.
//
// A session is drawn by a guest when it sends a Census, which is its word number 0. From then on each side numbers its
// words in the session, a Beat excepted: that has the number of the last one, so that a loss at the end is noticed as
// well. Who misses a word says so, the keeper by Ask, and a guest sends a new Census in a new session.
//
// From a guest to the keeper:
//
//	0x01 Beat     the guest's time u64: I am here
//	0x02 Census   the guest's time u64, count u32, seats of all viewers here, then for each cell that they are in a length u16 and the Roster of
//	              package wire that they were told
//	0x03 Enter    seats of viewers that joined
//	0x04 Change   seats of viewers that changed
//	0x05 Leave    viewers, u64 each
//	0x06 Resend   viewers that have missed something
//	0x07 Signal   sender u64, addressee u64, payload
//
// From the keeper to a guest:
//
//	0x41 Beat     how the swarm does: trackers u32, viewers in cells u32, cells u32, roots u32; and milliseconds u32 since
//	              anything was heard of the guest, which learns from it that its words do not arrive
//	0x42 Ask      I know nothing of this session, or missed a word of it
//	0x43 Notice   cell u32, count u16, viewers u64 each, a message of package wire for each of them
//	0x44 Deliver  sender u64, addressee u64, payload
//	0x45 Gone     sockets of viewers that have joined elsewhere
//	0x46 Adieu    I keep the cells no longer
//	0x47 Taken    sockets of viewers for whom their token has no seat
//	0x48 Bequest  cells in which the guest has no viewers, told before an Adieu: for each a length u16 and its Roster
//	0x49 Rouse    sockets of viewers that lose their token's seat if they give no sign of life
//	0x4a Soon     sockets of viewers for whom a Taken follows, and whose token may have a seat in a moment
//
// A seat is a viewer's ID u64, flags u8, rendition u8, weight u16, its network u64, prefix u64, origin u64, region u32 and round
// trip u16, the cell u32 in which it was told to be, 0 for none, the time u64 of its Join, and its token, 16 bytes that are a hash,
// zero for none. Of two sockets, or of two viewers with one token, the keeper must know which came later, and clocks need not
// agree. So a guest's times are milliseconds on a clock of its own, and by those of its Beats the keeper learns how that differs from
// its own: however long a word was on its way, the time in it stays true.
//
// A socket is a viewer's ID u64 and the time u64 of its Join, as the guest told it. Where the viewer has joined again at that guest since, the word is
// late, and the later socket stays.
//
// A batch of another version is ignored whole: trackers of two versions each keep cells of their own.
package trunk
