package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shoal-live/shoal/origin"
)

func key(_ context.Context, args []string, out io.Writer) error {
	flags := newFlags("key add NAME | list | remove NAME | revoke ID",
		"Makes, lists and removes publish keys. A key may publish one stream; it is shown once, and only its hash is kept.\n"+
			"remove forgets all keys of a stream, revoke the one that has an ID, which list shows. A broadcast under way with it ends.\n"+
			"It holds until it is removed; the key that shoal up shows holds until shoal up starts again.\n"+
			"An origin that runs on the same data folder takes a change at once.", out)
	data := flags.String("data", defaultData, "`folder` of the origin")
	note := flags.String("note", "", "`words` that list shows beside a key that is added")
	expires := flags.Duration("expires", 0, "`time` after which a key that is added begins no more broadcasts; 0: never")
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
		_, lacks := os.Stat(*data)
		wish := origin.Key{Name: words[1], Note: *note}
		if *expires != 0 {
			wish.Expires = time.Now().Add(*expires).UTC().Truncate(time.Second)
		}
		key, _, err := keys.Issue(wish)
		switch {
		case errors.Is(err, origin.ErrName), errors.Is(err, origin.ErrNote), errors.Is(err, origin.ErrOver):
			return usageError("key add: " + strings.TrimPrefix(err.Error(), "origin: "))
		case err != nil:
			return err
		}
		if _, err = fmt.Fprintln(out, key); err != nil {
			return err
		}
		// out has the key alone, for scripts
		return errors.Join(unused(*data, lacks != nil, os.Stderr), others(keys, words[1], os.Stderr))
	case len(words) == 1 && words[0] == "list":
		return listKeys(keys, *data, out)
	case len(words) == 2 && words[0] == "remove":
		n, err := keys.Remove(words[1])
		if errors.Is(err, origin.ErrNoKey) {
			return fmt.Errorf("key remove: there is no publish key for %q in %s; shoal key list shows which there are", words[1], *data)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "Removed %s of %s. A broadcast under way with one of them ends.\n", count(n, "publish key"), words[1])
		return err
	case len(words) == 2 && words[0] == "revoke":
		err := keys.Revoke(words[1])
		if errors.Is(err, origin.ErrNoKey) {
			return fmt.Errorf("key revoke: there is no publish key with the ID %q in %s; shoal key list shows which there are", words[1], *data)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "Removed the publish key %s. A broadcast under way with it ends.\n", words[1])
		return err
	}
	return usageError("key: want add NAME, list, remove NAME, or revoke ID (shoal key -h explains)")
}

// unused says, when no origin has worked with the folder of a key, which that is: it may be another one's by mistake.
func unused(data string, made bool, out io.Writer) error {
	if origin.Used(data) {
		return nil
	}
	form := "No origin has used %s yet"
	if made {
		form = "Made %s; no origin has used it yet"
	}
	_, err := fmt.Fprintf(out, form+": the key opens only one that runs on this folder (-data).\n", whole(data))
	return err
}

// whole is the path of a folder as it is from anywhere.
func whole(folder string) string {
	if path, err := filepath.Abs(folder); err == nil {
		return path
	}
	return folder
}

// others says, when a stream has had a key before, that the older ones hold on.
func others(keys *origin.Keys, name string, out io.Writer) error {
	all, err := keys.List()
	if err != nil {
		return err
	}
	n := -1 // the new one
	for _, k := range all {
		if k.Name == name {
			n++
		}
	}
	if n > 0 {
		_, err = fmt.Fprintf(out, "This is one more: %s of %s made before can publish too. shoal key remove %s removes all.\n", count(n, "key"), name, name)
	}
	return err
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func listKeys(keys *origin.Keys, data string, out io.Writer) error {
	all, err := keys.List()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := fmt.Fprintf(out, "There are no publish keys in %s; -data names another folder.\n", whole(data))
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTREAM\tADDED\tHOLDS\tNOTE")
	for _, k := range all {
		holds := "until removed"
		switch {
		case k.Passing:
			holds = "until shoal up starts again"
		case !k.Expires.IsZero():
			holds = "until " + k.Expires.Local().Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, k.Added.Local().Format(time.DateTime), holds, k.Note)
	}
	return table.Flush()
}
