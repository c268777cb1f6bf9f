package store

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ErrURL says that a text does not name a Redis.
var ErrURL = errors.New("want redis://HOST:PORT, rediss:// for TLS, redis-sentinel://HOST:PORT,HOST:PORT/MASTER, or redis-cluster://HOST:PORT,HOST:PORT, each with USER:PASSWORD@ before the hosts if need be, and no parameters after a ?")

// redisOptions reads a URL.
func redisOptions(text string) (*redis.UniversalOptions, error) {
	hosts, first := severalHosts(text)
	u, err := url.Parse(first)
	if err != nil || u.Host == "" || strings.ContainsAny(text[strings.LastIndexByte(text, '@')+1:], "?#") {
		return nil, ErrURL
	}
	o := &redis.UniversalOptions{
		DialTimeout: redisPatience, ReadTimeout: redisPatience, WriteTimeout: redisPatience,
		ContextTimeoutEnabled: true,
		MaxRetries:            -1, // whoever calls comes again by itself
	}
	port := "6379"
	path := strings.Trim(u.Path, "/")
	switch {
	case u.Scheme == "redis" || u.Scheme == "rediss":
		if len(hosts) > 1 {
			return nil, ErrURL
		}
		single, err := redis.ParseURL(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, ErrURL)
		}
		o.DB, o.TLSConfig = single.DB, single.TLSConfig
	case u.Scheme == "redis-sentinel" && path != "":
		o.MasterName, port = path, "26379"
	case u.Scheme == "redis-cluster" && path == "":
		o.IsClusterMode = true
	default:
		return nil, ErrURL
	}
	o.Username = u.User.Username()
	o.Password, _ = u.User.Password()
	for _, host := range hosts {
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		o.Addrs = append(o.Addrs, host)
	}
	return o, nil
}

// severalHosts returns the hosts of a URL, between commas, and the URL with the first of them alone.
func severalHosts(text string) (hosts []string, first string) {
	scheme, rest, _ := strings.Cut(text, "://")
	authority, path, slash := strings.Cut(rest, "/")
	user := authority[:strings.LastIndexByte(authority, '@')+1]
	hosts = strings.Split(authority[len(user):], ",")
	first = scheme + "://" + user + hosts[0]
	if slash {
		first += "/" + path
	}
	return hosts, first
}

// withoutPassword returns a URL as it may be shown.
func withoutPassword(text string) string {
	if _, first := severalHosts(text); first != text {
		text = first + " and others"
	}
	if u, err := url.Parse(text); err == nil {
		return u.Redacted()
	}
	return "…"
}
