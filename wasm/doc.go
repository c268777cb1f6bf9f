// Command wasm is the scheduler as a WebAssembly reactor for the browser: a bridge only, it decides nothing.
//
// It is built with GOOS=wasip1 GOARCH=wasm -buildmode=c-shared. Each function that it exports is one call of
// scheduler.Scheduler; times are f64 milliseconds, all else i32. Bytes go in through one fixed buffer (shoal_input);
// the actions come out through another (shoal_output): every call returns their length, and they are, little endian,
//
//	u32 kind, u32 peer, u32 chunk, u32 first, u32 count, u32 length, length bytes, zeros up to a multiple of 4
//
// JavaScript hands control frames over unparsed and keeps media bytes to itself, so there is one codec, in Go. One
// instance serves one player.
package main

func main() {}
