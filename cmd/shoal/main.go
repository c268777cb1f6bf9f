// Command shoal is the whole of Shoal in one program: the services, a native viewer, the simulator and the keys.
//
// Each command is a file: it turns flags into a Config, hands it to the service of that name, and runs the service until
// the program is told to end. Nothing is decided here that a service could decide. Every flag can be set in the
// environment as well, as SHOAL_ and the flag's name in capitals (-public-ip is SHOAL_PUBLIC_IP); the flag wins.
//
// Every command ends with status 0 when it is done, or was asked for help; with 2 where its command line, or what the environment sets,
// can be on no machine: no such command, flag or argument, or a value that cannot be; and with 1 where that is right and something failed: a
// file that is missing, an address that is taken, a service that does not answer, or refuses.
//
// SIGINT and SIGTERM end a service in order: listeners close, running requests get a few seconds, everything is joined,
// and the program ends with status 0. A second signal ends it at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	_ "golang.org/x/crypto/x509roots/fallback" // for images that hold this program and nothing else
)

// A command is one word after shoal.
type command struct {
	name  string
	about string
	run   func(ctx context.Context, args []string, out io.Writer) error
}

// commands returns the table of commands, in the order in which they are shown.
func commands() []command {
	return []command{
		{"up", "run everything in one process, with a demo broadcast", up},
		{"origin", "run an origin: RTMP and WHIP in, low-latency HLS out", runOrigin},
		{"edge", "run an edge: the cache and the pages that viewers meet", runEdge},
		{"tracker", "run a tracker: it introduces viewers to each other", runTracker},
		{"check", "ask a service here whether it is ready", checkHealth},
		{"control", "show or change how a tracker runs the swarm of a stream", control},
		{"key", "add, list and remove publish keys", key},
		{"token", "make viewer tokens, and the keys that trackers check them with", makeTokens},
		{"watch", "watch a stream with native viewers and report", watch},
		{"sim", "simulate a swarm of viewers and report", simulate},
		{"version", "print the version, its commit and its Go", version},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // from here on a second signal has its usual effect
	err := dispatch(ctx, os.Args[1:], os.Stdout)
	if s := status(err); s != 0 {
		fmt.Fprintf(os.Stderr, "shoal: %v\n", err)
		os.Exit(s)
	}
}

// status is what the program ends with, the same for every command; see above.
func status(err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if _, wrong := errors.AsType[usageError](err); wrong {
		return 2
	}
	return 1
}

// dispatch runs the command that args name.
func dispatch(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		usage(out)
		return nil
	}
	switch {
	case asksHelp(args[0]):
		return help(ctx, args[1:], out)
	case args[0] == "-version", args[0] == "--version":
		return version(ctx, args[1:], out)
	}
	var names []string
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], out)
		}
		names = append(names, c.name)
	}
	return usageError(fmt.Sprintf("no command %q: there are %s; shoal help says what they do", args[0], strings.Join(names, ", ")))
}

// asksHelp tells whether a word is one that asks for help.
func asksHelp(word string) bool {
	return slices.Contains([]string{"help", "-h", "-help", "--help"}, word)
}

// help is the list of commands, or what one of them says with -h. Words that ask for help once more change nothing.
func help(ctx context.Context, args []string, out io.Writer) error {
	words := slices.DeleteFunc(slices.Clone(args), asksHelp)
	switch {
	case len(words) == 0:
		usage(out)
		return nil
	case len(words) > 1:
		return usageError(fmt.Sprintf("help: does not know what to do with %q: it explains one command, as in shoal help %s", words[1], words[0]))
	case strings.HasPrefix(words[0], "-"):
		return usageError(fmt.Sprintf("help: has no flag %s: shoal help COMMAND shows the flags of a command", words[0]))
	}
	return dispatch(ctx, []string{words[0], "-h"}, out)
}

func usage(out io.Writer) {
	fmt.Fprint(out, "Shoal: live streams that their viewers carry.\n\nUsage: shoal COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(out, "  %-9s %s\n", c.name, c.about)
	}
	fmt.Fprint(out, "\nshoal help COMMAND, or shoal COMMAND -h, shows the flags of a command. Begin with: shoal up\n")
}
