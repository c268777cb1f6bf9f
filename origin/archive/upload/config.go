package upload

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/origin/archive"
)

// Config says where recordings go.
type Config struct {
	// Archive has them. Needed.
	Archive *archive.Archive
	// Endpoint is the storage's address, as https://s3.eu-central-1.amazonaws.com or http://127.0.0.1:9000. Needed.
	Endpoint string
	// Bucket has to be there. Needed.
	Bucket string
	// Prefix stands before all keys, which are then PREFIX/STREAM/RECORDING/vN/sMSN.mp4. Default none.
	Prefix string
	// Region of the bucket. Default "us-east-1", which most storage but Amazon's takes.
	Region string
	// AccessKey and SecretKey are the account's. Needed.
	AccessKey, SecretKey string
	// Queue is how many files are thought about at a time. Default 1000.
	Queue int
	// Parallel is how many files go up at once. Default 4.
	Parallel int
	// Registry takes the metrics; nil: nobody does.
	Registry prometheus.Registerer
	// Log takes events a person may act on. Default slog.Default().
	Log *slog.Logger

	part    int64         // bytes of a part; S3 takes 5 MiB at least, and 10,000 parts
	look    time.Duration // how often is looked for finished files
	first   time.Duration // wait after a failure ...
	longest time.Duration // ... and after many
	enough  int           // failures in a row of which it is said that something is to be done ...
	seldom  time.Duration // ... and what is tried again all the same, so often
}

// ErrConfig is that there can be no Uploader of a Config.
var ErrConfig = errors.New("upload: configuration")

func (c *Config) validate() (secure bool, host string, err error) {
	setDefault(&c.Region, "us-east-1")
	setDefault(&c.Queue, 1000)
	setDefault(&c.Parallel, 4)
	setDefault(&c.part, 16<<20)
	setDefault(&c.look, 5*time.Second)
	setDefault(&c.first, time.Second)
	setDefault(&c.longest, time.Minute)
	setDefault(&c.enough, 12)
	setDefault(&c.seldom, 15*time.Minute)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	u, err := url.Parse(c.Endpoint)
	switch {
	case c.Archive == nil:
		return false, "", fmt.Errorf("%w: no archive", ErrConfig)
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "":
		return false, "", fmt.Errorf("%w: the endpoint has to be like https://s3.example.com, with the bucket named apart", ErrConfig)
	case c.Bucket == "":
		return false, "", fmt.Errorf("%w: no bucket", ErrConfig)
	case c.AccessKey == "" || c.SecretKey == "":
		return false, "", fmt.Errorf("%w: no access key or no secret key", ErrConfig)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		c.Log.Warn("recordings go to storage over plain HTTP: whoever is between can read them", "endpoint", c.Endpoint)
	}
	return u.Scheme == "https", u.Host, nil
}

func loopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
