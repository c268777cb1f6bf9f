package main

import (
	"errors"
	"strconv"
	"strings"
)

var errSize = errors.New("not a size like 512M or 2G")

// A size is a flag of bytes: a number with K, M, G, T (of 1024) or nothing behind it.
type size int64

func (s *size) String() string {
	value, unit := int64(*s), ""
	for _, u := range []string{"K", "M", "G", "T"} {
		if value == 0 || value%1024 != 0 {
			break
		}
		value, unit = value/1024, u
	}
	return strconv.FormatInt(value, 10) + unit
}

func (s *size) Set(text string) error {
	shift := 0
	number := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(text), "B"), "I")
	switch {
	case strings.HasSuffix(number, "K"):
		shift = 10
	case strings.HasSuffix(number, "M"):
		shift = 20
	case strings.HasSuffix(number, "G"):
		shift = 30
	case strings.HasSuffix(number, "T"):
		shift = 40
	}
	if shift > 0 {
		number = number[:len(number)-1]
	}
	value, err := strconv.ParseInt(number, 10, 64)
	if err != nil || value < 0 || value > 1<<62>>shift {
		return errSize
	}
	*s = size(value << shift)
	return nil
}
