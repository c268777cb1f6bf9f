package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/shoal-live/shoal/origin"
)

func key(_ context.Context, args []string, out io.Writer) error {
	flags := newFlags("key add NAME | list | remove NAME",
		"Makes, lists and removes publish keys. A key may publish one stream; it is shown once, and only its hash is kept.\n"+
			"It holds until it is removed; the key that shoal up shows holds until shoal up starts again.\n"+
			"An origin that runs on the same data folder takes a change at once.", out)
	data := flags.String("data", "data", "`folder` of the origin")
	words, err := flags.parse(args)
	if err != nil {
		return err
	}
	if err := flags.folder("data"); err != nil {
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
	fmt.Fprintln(table, "STREAM\tADDED\tHOLDS")
	for _, k := range all {
		holds := "until removed"
		if k.Passing {
			holds = "until shoal up starts again"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", k.Name, k.Added.Local().Format(time.DateTime), holds)
	}
	return table.Flush()
}
