// Package viewer is a native viewer: the swarm's scheduler with real HTTP, WebSocket and DataChannels, and a playhead
// in the place of a screen. It loads a swarm for tests, and it is a good neighbour to browsers: a seed box.
//
// A Viewer has the same shape as player/src/session.ts. One goroutine, the session, owns the scheduler, the store of
// chunks, the links and the playhead. Whatever happens comes to it through one bounded channel: frames of links,
// signals, tracker messages, playlist updates, outcomes of fetches. It tells the scheduler, and carries out the
// actions that the scheduler asks for before it looks at the next event. The leaves (link, tracker, edge) know
// nothing of each other.
//
//	playlist  multivariant, then the media playlist; with P2P only when the scheduler asks for it, or there is silence
//	feed      the parts in their order: from playlists, and from records that peers tell of, all verified
//	edge      one shared HTTP connection pool; ranges and whole chunks, told piece by piece as they come
//	ahead     the part that comes next, where the scheduler is likely to want it from the edge: asked for before it is there
//	tracker   WebSocket, reconnects with jitter
//	link      one pion peer connection with one data channel
//	store     chunks, their hashes, which pieces are held
//
// Bytes are verified before they are kept, and once more, by an independent count, when they are played or passed
// on: Report.BadBytesPlayed and BadBytesRelayed stay zero or something is broken.
//
// It never decodes. What hls.js would do (where to start, when a chunk is needed, what is a stall) is the package
// playhead's, which the simulator uses as well.
//
//	v, err := viewer.New(viewer.Config{URL: "http://127.0.0.1:8080/live/demo/index.m3u8", P2P: true})
//	err = v.Run(ctx)
//	fmt.Println(v.Report().Offload)
//
// Watch runs many of them in one process and sums up what they got.
package viewer
