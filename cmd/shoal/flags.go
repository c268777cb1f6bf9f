package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// A usageError is a mistake in the command line; the program ends with status 2.
type usageError string

func (e usageError) Error() string { return string(e) }

// A flagSet is a flag.FlagSet whose flags can be set in the environment too.
type flagSet struct {
	*flag.FlagSet
	synopsis, about string
	out             io.Writer
	changed         map[string]bool // by name; once parsed
}

// newFlags makes the flags of a command. The synopsis is what follows "shoal" on its command line.
func newFlags(synopsis, about string, out io.Writer) *flagSet {
	name, _, _ := strings.Cut(synopsis, " ")
	set := &flagSet{flag.NewFlagSet(name, flag.ContinueOnError), synopsis, about, out, map[string]bool{}}
	set.SetOutput(io.Discard) // errors are printed once, by main
	set.Usage = func() {}     // shown by parse, when it is asked for
	return set
}

func (s *flagSet) explain() {
	fmt.Fprintf(s.out, "Usage: shoal %s\n\n%s\n", s.synopsis, s.about)
	if flags := s.describe(); flags != "" {
		fmt.Fprintf(s.out, "\nFlags; each can be set in the environment as well, -like-this as %s:\n%s", environment("like-this"), flags)
	}
}

// parse takes the environment, then the arguments. Flags may stand behind positional arguments, which it returns.
func (s *flagSet) parse(args []string) (positional []string, err error) {
	s.VisitAll(func(f *flag.Flag) {
		if read, ok := f.Value.(flag.Getter); ok && wording(read.Get()) != "" {
			f.Value = worded{f.Value, wording(read.Get())}
		}
		value, ok := os.LookupEnv(environment(f.Name))
		if !ok || err != nil {
			return
		}
		if e := s.Set(f.Name, value); e != nil {
			err = usageError(fmt.Sprintf("%s=%q in the environment: %v", environment(f.Name), value, e))
		}
	})
	if err != nil {
		return nil, err
	}
	s.doubt(os.Environ(), os.Stderr)
	for {
		if err := s.Parse(args); errors.Is(err, flag.ErrHelp) {
			s.explain()
			return nil, err
		} else if err != nil {
			return nil, usageError(fmt.Sprintf("%s: %v (shoal %s -h shows the flags)", s.Name(), err, s.Name()))
		}
		if s.NArg() == 0 {
			s.Visit(func(f *flag.Flag) { s.changed[f.Name] = true })
			return positional, nil
		}
		positional = append(positional, s.Arg(0))
		args = s.Args()[1:]
	}
}

// parseOnly is parse for commands without positional arguments.
func (s *flagSet) parseOnly(args []string) error {
	positional, err := s.parse(args)
	if err == nil && len(positional) > 0 {
		err = usageError(fmt.Sprintf("%s: does not know what to do with %q", s.Name(), positional[0]))
	}
	return err
}

func (s *flagSet) describe() string {
	var b strings.Builder
	s.VisitAll(func(f *flag.Flag) {
		kind, about := flag.UnquoteUsage(f)
		left := "-" + f.Name
		if kind != "" {
			left += " " + kind
		}
		fmt.Fprintf(&b, "  %-26s %s", left, about)
		if !slices.Contains([]string{"", "0", "0s", "false"}, f.DefValue) {
			fmt.Fprintf(&b, " (default %s)", f.DefValue)
		}
		b.WriteByte('\n')
	})
	return b.String()
}

// doubt says of what in the environment is nearly the name of a flag, and none, that it is not used.
func (s *flagSet) doubt(environ []string, out io.Writer) {
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "SHOAL_") {
			continue
		}
		known, like := false, ""
		s.VisitAll(func(f *flag.Flag) {
			known = known || environment(f.Name) == name
			if near(environment(f.Name), name) {
				like = environment(f.Name)
			}
		})
		if !known && like != "" {
			fmt.Fprintf(out, "shoal %s: %s in the environment is no flag of it, and is not used; is %s meant?\n", s.Name(), name, like)
		}
	}
}

// near tells whether one text becomes the other by a letter more, less or another, or by two that change places.
func near(a, b string) bool {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}

func environment(flag string) string {
	return "SHOAL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// A list is a flag of comma-separated values.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(value string) error {
	*l = (*l)[:0]
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			*l = append(*l, part)
		}
	}
	return nil
}
