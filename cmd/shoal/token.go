package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/token"
	"github.com/shoal-live/shoal/tracker"
)

// makeTokens is shoal token: keys and viewer tokens.
func makeTokens(_ context.Context, args []string, out io.Writer) error {
	flags := newFlags("token key -key FILE [-alg ALG] | public -key FILE | make -key FILE -stream NAME [flags]",
		"Makes viewer tokens and the keys that they are signed with. Trackers and edges that are given the keys (-viewer-key FILE)\n"+
			"let in who has a token that they signed.\n\n"+
			"  key     makes a key and adds it to FILE, which is made if need be. Tokens are signed with the newest key\n"+
			"          of the file, and those of the older ones hold on: take an old one out once its tokens have ended\n"+
			"  public  prints the file for trackers and edges: with it tokens can be checked, and none be made (EdDSA only)\n"+
			"  make    prints a token", out)
	var c token.Claims
	file := flags.String("key", "", "`FILE` of keys, a JWK Set: keep it where only you can read it")
	alg := flags.String("alg", token.EdDSA, "`algorithm` of a new key: EdDSA, or HS256, where whoever can check tokens can make them too")
	flags.StringVar(&c.Stream, "stream", "", "`name` of the stream that the token is for; * for any")
	lasts := flags.Duration("for", time.Hour, "`time` for which the token can be used to join, and to watch")
	noUpload := flags.Bool("no-upload", false, "the viewer sends nothing to others")
	prefix := flags.String("prefix", "", "`CIDR` in which the viewer's address must lie, like 192.0.2.0/24")
	flags.StringVar(&c.Audience, "audience", "", "`name` of the trackers and edges that the token is for, as in their -token-audience")
	flags.StringVar(&c.Name, "id", "", "`text` by which tokens are counted; those with the same one share what one token may hold (default one of its own, by chance)")
	words, err := flags.parse(args)
	if err != nil {
		return err
	}
	switch {
	case len(words) > 1:
		return usageError(fmt.Sprintf("token %s: does not know what to do with %q; a stream is named by -stream", words[0], words[1]))
	case len(words) == 0:
		return usageError("token: want key, public or make (shoal token -h explains)")
	case !slices.Contains([]string{"key", "public", "make"}, words[0]):
		return usageError(fmt.Sprintf("token: no %q: want key, public or make (shoal token -h explains)", words[0]))
	}
	if *file == "" {
		return usageError(fmt.Sprintf("token %s: want -key FILE", words[0]))
	}
	if !slices.Contains([]string{token.EdDSA, token.HS256}, *alg) {
		return flags.refuse("alg", "choose %s or %s", token.EdDSA, token.HS256)
	}
	switch words[0] {
	case "key":
		return addTokenKey(*file, *alg, out)
	case "public":
		return printPublicKeys(*file, out)
	}
	if c.Stream == "" || *lasts <= 0 {
		return usageError("token make: want -stream NAME (or -stream '*') and a -for that is longer than nothing")
	}
	if *prefix != "" {
		if c.Prefix, err = netip.ParsePrefix(*prefix); err != nil {
			return usageError(fmt.Sprintf("token make: -prefix %q is not a CIDR like 192.0.2.0/24 or 2001:db8::/48", *prefix))
		}
	}
	if c.Stream != token.AnyStream && !tracker.ValidName(c.Stream) {
		return usageError(fmt.Sprintf("token make: -stream %q: %v", c.Stream, tracker.ErrName))
	}
	keys, err := readTokenKeys(*file)
	if err != nil {
		return err
	}
	c.Expires, c.NoUpload = time.Now().Add(*lasts), *noUpload
	if c.Name == "" { // what is signed of two tokens of one second would be the same
		c.Name = rand.Text()
	}
	text, err := keys.Make(c)
	if errors.Is(err, token.ErrLong) {
		return usageError(fmt.Sprintf("token make: it would be longer than %d bytes; choose a shorter -audience or -id", wire.MaxToken))
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, text)
	return err
}

// addTokenKey adds a new key to a file, which takes the place of the old one at once and whole.
func addTokenKey(file, alg string, out io.Writer) error {
	keys, err := readTokenKeys(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if keys, err = keys.With(alg); err != nil {
		return err
	}
	folder := filepath.Dir(file)
	fresh, err := os.CreateTemp(folder, ".keys-*") // of mode 0600
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("token key: -key %s: there is no folder %s; make it first", file, folder)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("token key: -key %s: this user may not write to %s", file, folder)
	case err != nil:
		return err
	}
	defer os.Remove(fresh.Name()) // it is gone if all went well
	_, err = fresh.Write(keys.Append(nil))
	if err = errors.Join(err, fresh.Sync(), fresh.Close()); err != nil {
		return err
	}
	if err := os.Rename(fresh.Name(), file); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s has a new %s key, with which shoal token make signs from now on. Trackers and edges read their file when they start.\n", file, alg)
	return err
}

func printPublicKeys(file string, out io.Writer) error {
	keys, err := readTokenKeys(file)
	if err != nil {
		return err
	}
	if keys, err = keys.Public(); err != nil {
		return err
	}
	_, err = out.Write(keys.Append(nil))
	return err
}

func readTokenKeys(file string) (*token.Keys, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; shoal token key -key %s makes it", err, file)
	}
	if err != nil {
		return nil, err
	}
	keys, err := token.ParseKeys(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return keys, nil
}

// admissionFlags are the flags of everything that lets viewers join. The keys are read once the flags are parsed. What -viewer-key says
// is of the edge that there may be beside it.
func admissionFlags(flags *flagSet, config *tracker.Config, viewerKey string) (read func() error) {
	keys := flags.String("token-keys", "", "`FILE` of the keys that viewer tokens must be signed with to join the swarm, see shoal token; without it viewers need no token")
	viewers := flags.String("viewer-key", "", viewerKey)
	flags.StringVar(&config.Audience, "token-audience", "", "`name` that tokens must have as their audience")
	flags.IntVar(&config.ViewersPerToken, "token-viewers", 1, "`viewers` that one token admits at once")
	flags.IntVar(&config.PerPrefix, "per-prefix", 0, "most `members` of a cell from one /24, in IPv6 /48, 2 or more (default half of the cell)")
	return func() (err error) {
		if err := flags.atLeast(1, "token-viewers"); err != nil {
			return err
		}
		if config.PerPrefix == 1 || config.PerPrefix < 0 {
			return flags.refuse("per-prefix", "choose 2 or more, so that neighbours can link, or 0 for half of the cell")
		}
		if config.PerPrefix > config.CellSize {
			return flags.refuse("per-prefix", "choose 2 to %d, which is what a cell has (-cell-size), or 0 for half of it", config.CellSize)
		}
		if *keys != "" && *viewers != "" && *keys != *viewers {
			return flags.refuse("token-keys", "-viewer-key names the file of the same keys already: leave one of them out")
		}
		file := cmp.Or(*viewers, *keys)
		if file == "" && config.Audience != "" {
			return flags.refuse("token-audience", "an audience is a token's: name the file of their keys too, with -viewer-key or -token-keys")
		}
		config.Tokens, err = checkingKeys(file)
		return err
	}
}

// checkingKeys reads what tokens are checked with; nil where no file is named.
func checkingKeys(file string) (*token.Keys, error) {
	if file == "" {
		return nil, nil
	}
	keys, err := readTokenKeys(file)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w; where there are keys already, give trackers and edges what shoal token public -key FILE prints", err)
	}
	return keys, err
}

// needless warns of keys with which more can be done than tokens checked.
func needless(log *slog.Logger, keys *token.Keys) {
	if keys != nil && keys.Private() {
		log.Warn("the file of viewer keys has private ones, with which tokens can be made: trackers and edges need only what shoal token public prints")
	}
}
