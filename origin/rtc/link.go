package rtc

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pion/stun/v4"
)

var errServer = errors.New("want stun:HOST:PORT, turn:HOST:PORT|USER|PASSWORD or turns:HOST:PORT|USER|PASSWORD")

// Links returns ICE servers as broadcasters are told of them (RFC 9725, section 4.6). The error holds no password.
func Links(servers []string) (links []string, err error) {
	for _, text := range servers {
		link, err := link(text)
		if err != nil {
			return nil, err
		}
		links = append(links, link)
	}
	return links, nil
}

func link(server string) (string, error) {
	address, credentials, _ := strings.Cut(server, "|")
	user, password, _ := strings.Cut(credentials, "|")
	uri, err := stun.ParseURI(address)
	if err != nil || strings.ContainsAny(address, " <>\"") {
		return "", fmt.Errorf("%s: %w", address, errServer)
	}
	text := "<" + address + `>; rel="ice-server"`
	if uri.Scheme != stun.SchemeTypeTURN && uri.Scheme != stun.SchemeTypeTURNS {
		return text, nil
	}
	if user == "" || password == "" {
		return "", fmt.Errorf("%s: a relay wants credentials: %s|USER|PASSWORD", address, address)
	}
	return text + "; username=" + quoted(user) + "; credential=" + quoted(password) + `; credential-type="password"`, nil
}

// quoted returns a quoted-string of HTTP (RFC 9110, section 5.6.4).
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
