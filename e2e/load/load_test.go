//go:build linux

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestDescriptionsTellWhoTheyAreFor(t *testing.T) {
	for _, d := range []description{
		{from: 1, to: 2, number: 3},
		{from: 1<<64 - 1, to: 1 << 63, number: 1<<32 - 1, answer: true},
	} {
		for _, candidates := range []bool{false, true} {
			text := d.text(candidates)
			got, ok := parseDescription(text)
			got.answer = d.answer
			if !ok || got != d {
				t.Errorf("%+v reads as %+v, %v", d, got, ok)
			}
			if strings.Contains(text, "%!") || candidates != strings.Contains(text, "a=candidate") || len(text) < 450 || len(text) > 800 {
				t.Errorf("%d bytes:\n%s", len(text), text)
			}
		}
		if _, ok := parseDescription(d.text(false)[:toAt+15]); ok {
			t.Error("half a description is taken for one")
		}
	}
}

func TestSplitTakesWholeFramesOnly(t *testing.T) {
	for _, n := range []int{0, 125, 126, 70000} {
		header := []byte{0x82, byte(n)}
		switch {
		case n > 1<<16:
			header = []byte{0x82, 127, 0, 0, 0, 0, 0, byte(n >> 16), byte(n >> 8), byte(n)}
		case n > 125:
			header = []byte{0x82, 126, byte(n >> 8), byte(n)}
		}
		whole := append(header, bytes.Repeat([]byte{7}, n)...)
		for _, cut := range []int{0, 1, len(header) - 1, len(whole) - 1} {
			if _, _, rest, ok := split(whole[:cut]); ok || len(rest) != cut {
				t.Errorf("%d of %d bytes are taken for a frame", cut, len(whole))
			}
		}
		opcode, payload, rest, ok := split(append(whole, 0x89))
		if !ok || opcode != binaryFrame || len(payload) != n || !bytes.Equal(rest, []byte{0x89}) {
			t.Errorf("a frame of %d bytes: opcode %d, %d bytes, rest %x, %v", n, opcode, len(payload), rest, ok)
		}
	}
}

func TestFramesAreMasked(t *testing.T) {
	var s socket
	s.frame(binaryFrame, []byte("a message longer than the mask"))
	got := bytes.Clone(s.out[6:])
	for i := range got {
		got[i] ^= mask[i&3]
	}
	if s.out[1]&0x80 == 0 || string(got) != "a message longer than the mask" {
		t.Errorf("frame %x", s.out)
	}
}

func TestQuantile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i)*time.Millisecond)
	}
	for q, want := range map[float64]float64{0: 0, 0.5: 50, 0.99: 99, 1: 99} {
		if got := quantile(hundred, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if quantile(nil, 0.5) != 0 {
		t.Error("of nothing")
	}
}
