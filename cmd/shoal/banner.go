package main

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
)

// A banner is what shoal up says when everything runs.
type banner struct {
	http, rtmp  string // addresses listened on
	admin       string // likewise
	https       string // likewise; empty: none
	stream, key string // a stream to broadcast to; empty: none
	data        string // folder of the keys; empty: the usual one
	program     string // what this program can be called by; empty: shoal
	demo        bool
}

func (b banner) print(out io.Writer) error {
	web := "http://" + local(b.http)
	rtmp := "rtmp://" + strings.TrimSuffix(local(b.rtmp), ":1935") + "/live"

	var s strings.Builder
	s.WriteString("\n  Shoal is running. Ctrl-C ends it.\n\n")
	if b.demo {
		fmt.Fprintf(&s, "    Watch      %s/watch/%s\n", web, demoStream)
	}
	fmt.Fprintf(&s, "    Live now   %s/\n", web)
	fmt.Fprintf(&s, "    Operate    http://%s/ops\n", local(b.admin))
	fmt.Fprintf(&s, "    Figures    %s/ops\n", web)
	if b.https != "" {
		fmt.Fprintf(&s, "    By TLS     https://%s/, by the name that the certificate is for\n", local(b.https))
	}
	if b.stream != "" {
		fmt.Fprintf(&s, "\n  Go live as \"%s\", with this run's publish key:\n\n", b.stream)
		fmt.Fprintf(&s, "    Key        %s\n", b.key)
		fmt.Fprintf(&s, "    Browser    %s/studio/%s\n", web, b.stream)
		fmt.Fprintf(&s, "    OBS        server %s, stream key as above\n", rtmp)
		fmt.Fprintf(&s, "    ffmpeg     ffmpeg -re -f lavfi -i testsrc2=s=1280x720:r=30 -f lavfi -i sine=r=48000 \\\n")
		fmt.Fprintf(&s, "                 -c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -g 60 \\\n")
		fmt.Fprintf(&s, "                 -b:v 2M -maxrate 2M -bufsize 2M \\\n")
		fmt.Fprintf(&s, "                 -c:a aac -f flv %s/%s\n", rtmp, b.key)
		fmt.Fprintf(&s, "    Watch      %s/watch/%s\n", web, b.stream)
		at := ""
		if b.data != "" {
			at = " -data " + quoted(b.data)
		}
		fmt.Fprintf(&s, "\n  The key ends when shoal up starts again and shows another one. One that lasts: %s key add %s%s\n", cmp.Or(b.program, "shoal"), b.stream, at)
	}
	s.WriteString("\n")
	_, err := io.WriteString(out, s.String())
	return err
}

// called is what this program can be called by in a shell, wherever that is: its name where PATH leads to it, else its whole path.
func called(started string) string {
	const name = "shoal"
	if found, err := exec.LookPath(name); err == nil && same(found, started) {
		return name
	}
	return quoted(whole(started))
}

// same tells whether two names are of one file. One without a folder was found in PATH.
func same(a, b string) bool {
	if path, err := exec.LookPath(b); err == nil {
		b = path
	}
	one, err := os.Stat(a)
	other, failed := os.Stat(b)
	return err == nil && failed == nil && os.SameFile(one, other)
}

// quoted is a word as a shell takes it for one.
func quoted(word string) string {
	if word != "" && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:+,@%=~") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// local turns an address listened on into one that this machine can connect to.
func local(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// withPort gives an address as it was wished the port that it got: they differ when the wish was port 0.
func withPort(address string, got net.Addr) string {
	host, _, err := net.SplitHostPort(address)
	_, port, e := net.SplitHostPort(got.String())
	if err != nil || e != nil {
		return address
	}
	return net.JoinHostPort(host, port)
}
