//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/shoal-live/shoal/origin/hls/strict"
)

// What the soak (e2e/soak) needs of us: a broadcaster by WHIP, and a strict reader of playlists.

// broadcast broadcasts by WHIP, anew whenever it is not let in or the connection ends, until ctx ends.
func broadcast(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("broadcast", flag.ContinueOnError)
	endpoint := flags.String("whip", "", "`URL` of the endpoint")
	key := flags.String("key", "", "publish `key`")
	file := flags.String("clip", "cmd/shoal/demo/clip.mp4", "`file` that is broadcast")
	if err := flags.Parse(args); err != nil {
		return err
	}
	clip, err := readClip(*file)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		c, err := newCamera(clip)
		if err != nil {
			return err
		}
		if err := c.run(ctx, *endpoint, *key); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		_ = pass(ctx, time.Second)
	}
	return nil
}

// readStrictly reads playlists of one rendition, each a JSON string in a line, and answers each with what is wrong with it, an empty
// string if nothing is.
func readStrictly(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 4<<20)
	answers := json.NewEncoder(out)
	var before *strict.Playlist
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			return err
		}
		now, err := strict.Parse(text)
		if err == nil && before != nil {
			now, err = strict.Follow(before, now)
		}
		wrong := ""
		if err != nil {
			wrong = err.Error()
		}
		if now != nil {
			before = now
		}
		if err := answers.Encode(wrong); err != nil {
			return err
		}
	}
	return lines.Err()
}
