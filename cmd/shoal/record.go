package main

import (
	"cmp"
	"errors"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/shoal-live/shoal/origin"
)

// recordFlags defines the flags of what an origin keeps on disk. Check, once they are parsed, says what cannot be.
func recordFlags(flags *flagSet, config *origin.Config) (check func() error) {
	flags.DurationVar(&config.DVR, "dvr", 0, "`time` that viewers can seek back while a stream is live, from disk")
	flags.BoolVar(&config.Record, "record", false, "keep recordings in DATA/recordings, and list and serve them; not of the demo of shoal up")
	flags.DurationVar(&config.Keep, "keep", 720*time.Hour, "`time` that recordings are kept; 0 until somebody deletes them")
	flags.DurationVar(&config.RecordFile, "record-file", time.Hour, "`time` that a file of a recording lasts: when it is over the file is copied to storage")
	reserve := size(1 << 30)
	flags.Var(&reserve, "disk-reserve", "`size` of the disk that recordings leave free; they stop there, the live goes on")
	s := &config.Storage
	flags.StringVar(&s.Endpoint, "s3-endpoint", "", "`URL` of S3-compatible storage that recordings are copied to, like https://s3.example.com")
	flags.StringVar(&s.Bucket, "s3-bucket", "", "`bucket` there; it has to exist")
	flags.StringVar(&s.Prefix, "s3-prefix", "", "`prefix` of their keys in the bucket")
	flags.StringVar(&s.Region, "s3-region", "us-east-1", "`region` of the bucket")
	keys := flags.String("s3-keys", "", "`file` with the access key in its first line and the secret key in its second; without it they are taken from "+
		"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")
	return func() error {
		config.DiskReserve = max(int64(reserve), 1)
		if err := astray(flags, config); err != nil {
			return err
		}
		if config.Keep > 0 && config.Keep < config.DVR {
			return flags.refuse("keep", "recordings would be gone before -dvr %v is over", config.DVR)
		}
		if err := errors.Join(flags.lasts("dvr", 0, 24*time.Hour, 0), flags.lasts("keep", 0, 0, 0),
			flags.lasts("record-file", time.Minute, 24*time.Hour, 0)); err != nil || s.Endpoint == "" {
			return err
		}
		u, err := url.Parse(s.Endpoint)
		if err == nil && u.User != nil {
			return usageError(flags.Name() + ": -s3-endpoint: keys do not belong there; see -s3-keys") // without them
		}
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return flags.refuse("s3-endpoint", "want a URL like https://s3.example.com, without the bucket and without keys")
		}
		if s.Bucket == "" {
			return flags.refuse("s3-bucket", "name the bucket that recordings go to")
		}
		return storageKeys(flags, config, *keys)
	}
}

// astray refuses what says how something is kept that is not kept at all.
func astray(flags *flagSet, config *origin.Config) error {
	of := func(names []string, may string) error {
		for _, name := range names {
			if flags.given(name) && flags.Lookup(name).Value.String() != "" {
				return flags.refuse(name, "%s", may)
			}
		}
		return nil
	}
	storage := []string{"s3-endpoint", "s3-bucket", "s3-prefix", "s3-region", "s3-keys"}
	var err error
	if !config.Record {
		err = cmp.Or(of([]string{"keep", "record-file"}, "nothing is recorded: add -record (viewers of what is live seek back with -dvr alone)"),
			of(storage, "there are no recordings to copy there: add -record"))
	}
	if config.Storage.Endpoint == "" {
		err = cmp.Or(err, of(storage, "it is of a storage that is not named: add its URL, -s3-endpoint https://s3.example.com"))
	}
	if !config.Record && config.DVR == 0 {
		err = cmp.Or(err, of([]string{"disk-reserve"}, "nothing is written to the disk: add -record, or -dvr 2h"))
	}
	return err
}

// storageKeys reads the keys of the storage. Errors never hold them.
func storageKeys(flags *flagSet, config *origin.Config, file string) error {
	s := &config.Storage
	if file == "" {
		s.AccessKey, s.SecretKey = os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
		if s.AccessKey == "" || s.SecretKey == "" {
			return flags.refuse("s3-keys", "no keys for the storage: name a file that holds them, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
		}
		return nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return flags.fail("s3-keys", "%v", err)
	}
	words := strings.Fields(string(b))
	if len(words) != 2 {
		return flags.fail("s3-keys", "%s should hold two lines: the access key and the secret key", file)
	}
	s.AccessKey, s.SecretKey = words[0], words[1]
	return nil
}
