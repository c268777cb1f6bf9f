package ops

import (
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/shoal-live/shoal/player"
)

// mostOthers is how many services one Board asks besides its own.
const mostOthers = 64

// Config is what a Board is made from.
type Config struct {
	Own       http.Handler      // what the admin listener of this process answers besides; default none
	Others    []string          // HOST:PORT of admin listeners of other services; default none
	Hosts     []string          // names under which the admin listener may be asked, besides addresses and localhost; default none
	Watch     string            // where viewers watch: a base URL, or :PORT of the page's own host; default none is known
	Files     fs.FS             // the built player; default player.Files()
	Transport http.RoundTripper // how others are reached; default an own http.Transport
}

// A ConfigError says what in a Config cannot be.
type ConfigError string

func (e ConfigError) Error() string { return string(e) }

// Addresses reads a list of admin listeners, HOST:PORT with commas.
func Addresses(text string) (all []string, err error) {
	for address := range strings.SplitSeq(text, ",") {
		if address = strings.TrimSpace(address); address == "" {
			continue
		}
		host, port, err := net.SplitHostPort(address)
		if number, e := strconv.ParseUint(port, 10, 16); err != nil || e != nil || number == 0 || host == "" {
			return nil, ConfigError(fmt.Sprintf("%q: want HOST:PORT of a service's admin listener, like 10.0.0.2:9091", address))
		}
		if slices.Contains(all, address) {
			return nil, ConfigError(address + " is named twice")
		}
		all = append(all, address)
	}
	if len(all) > mostOthers {
		return nil, ConfigError(fmt.Sprintf("%d services are too many for one page: choose %d at most", len(all), mostOthers))
	}
	return all, nil
}

// validate fills in the defaults and refuses what cannot work.
func (c *Config) validate() error {
	if _, err := Addresses(strings.Join(c.Others, ",")); err != nil {
		return err
	}
	if c.Own == nil {
		c.Own = http.NotFoundHandler()
	}
	if c.Files == nil {
		c.Files = player.Files()
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 3 * every} // by no proxy of the environment's
	}
	return nil
}
