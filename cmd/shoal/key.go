package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/shoal-live/shoal/origin"
)

func key(_ context.Context, args []string, out io.Writer) error {
	flags := newFlags("key add NAME | list | remove NAME",
		"Makes, lists and removes publish keys. A key may publish one stream; it is shown once, and only its hash is kept.\n"+
			"An origin that runs on the same data folder takes a change at once.", out)
	data := flags.String("data", "data", "`folder` of the origin")
	words, err := flags.parse(args)
	if err != nil {
		return err
	}
	keys, err := origin.OpenKeys(*data)
	if err != nil {
		return err
	}
	switch {
	case len(words) == 2 && words[0] == "add":
		key, err := keys.Add(words[1])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, key)
		return err
	case len(words) == 1 && words[0] == "list":
		return listKeys(keys, out)
	case len(words) == 2 && words[0] == "remove":
		return keys.Remove(words[1])
	}
	return usageError("key: want add NAME, list, or remove NAME (shoal key -h explains)")
}

func listKeys(keys *origin.Keys, out io.Writer) error {
	all, err := keys.List()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STREAM\tADDED")
	for _, k := range all {
		fmt.Fprintf(table, "%s\t%s\n", k.Name, k.Added.Local().Format(time.DateTime))
	}
	return table.Flush()
}

// newKey replaces the publish keys of a stream by a new one.
func newKey(keys *origin.Keys, stream string) (string, error) {
	if err := keys.Remove(stream); err != nil && !errors.Is(err, origin.ErrNoKey) {
		return "", err
	}
	return keys.Add(stream)
}
