package edge

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// gather reads the body into o. Media is shown as it comes, its head with the first byte, and, where there is a record,
// as far as it is proved; all else once it is whole. The buffer moves only if the origin did not tell the size.
func (f *flight) gather(from io.Reader) error {
	o := f.o
	for {
		if int64(len(f.body)) == f.size {
			return f.whole()
		}
		if len(f.body) == cap(f.body) {
			if err := f.grow(); err != nil {
				return err
			}
		}
		n, err := from.Read(f.room())
		f.body = f.body[:len(f.body)+n]
		if n > 0 {
			if err := f.show(); err != nil {
				return err
			}
			if f.proof != nil && f.proof.done() {
				f.body = f.body[:f.good]
				return f.whole()
			}
		}
		if err == io.EOF {
			if f.size >= 0 && int64(len(f.body)) != f.size {
				f.drop()
				return io.ErrUnexpectedEOF
			}
			return f.whole()
		}
		if err != nil {
			f.drop()
			return fmt.Errorf("fill %s: %w", o.uri, err)
		}
	}
}

// room returns where what comes next goes: never more than there must be.
func (f *flight) room() []byte {
	end := int64(cap(f.body))
	if f.size >= 0 {
		end = min(end, f.size)
	}
	return f.body[len(f.body):end]
}

// drop forgets what has come and is not good.
func (f *flight) drop() { f.body = f.body[:f.good] }

func (f *flight) grow() error {
	more := max(16<<10, int64(cap(f.body)))
	if int64(cap(f.body))+more > f.config.ObjectBytes {
		more = f.config.ObjectBytes - int64(cap(f.body))
	}
	if more <= 0 || !f.cache.reserve(f.o, more) {
		return fmt.Errorf("fill %s: %w", f.o.uri, errRoom)
	}
	grown := make([]byte, len(f.body), int64(cap(f.body))+more)
	copy(grown, f.body)
	f.body = grown
	return nil
}

// show shows what has come, as far as it is good.
func (f *flight) show() error {
	if !f.showing {
		return nil
	}
	good := len(f.body)
	if f.proof != nil {
		var err error
		if good, err = f.proof.take(f.body); err != nil {
			f.body = f.body[:max(f.good, good)]
			f.reveal(max(f.good, good))
			return fmt.Errorf("fill %s: %w", f.o.uri, err)
		}
	}
	f.reveal(good)
	return nil
}

func (f *flight) reveal(good int) {
	if good <= f.good {
		return
	}
	f.good = good
	f.o.publish(f.body[:good])
	if !closed(f.o.head) {
		close(f.o.head)
	}
}

// whole shows the last of a body that has come to its end.
func (f *flight) whole() error {
	if f.proof != nil && !f.proof.done() {
		f.drop()
		return fmt.Errorf("fill %s: %w: it is shorter", f.o.uri, errFalse)
	}
	if f.proof != nil {
		f.o.proved.Store(true)
	}
	if !f.showing {
		f.o.publish(f.body)
	}
	return nil
}

// from returns the headers that ask for what is still missing.
func (f *flight) from() http.Header {
	h := http.Header{}
	if f.attendances.say(h, f.o.target, time.Now()); f.good == 0 {
		return h
	}
	h.Set("Range", "bytes="+strconv.Itoa(f.good)+"-")
	if f.tag != "" {
		h.Set("If-Range", `"`+f.tag+`"`)
	}
	return h
}

// resume takes an answer into o from the byte that was reached. One of another object is no answer.
func (f *flight) resume(resp *http.Response, more bool) outcome {
	f.tally.resumed.Inc()
	body, err := f.rejoin(resp)
	if err == nil {
		err = f.gather(body)
	}
	if err != nil {
		return f.breakOff(err, more)
	}
	f.complete()
	return ended
}

// rejoin makes sure that an answer is of the same object, and returns its body from the byte that was reached.
func (f *flight) rejoin(resp *http.Response) (io.Reader, error) {
	tag := resp.Header.Get("ETag")
	if f.tag != "" && tag != `"`+f.tag+`"` && (tag != "" || resp.StatusCode == http.StatusPartialContent) {
		// A range that was asked for with If-Range comes with the tag (RFC 9110 15.3.7); of the whole what is here is compared.
		return nil, fmt.Errorf("fill %s: go on at %d: it is another object there (%q)", f.o.uri, f.good, tag)
	}
	size := resp.ContentLength
	if resp.StatusCode == http.StatusPartialContent {
		var ok bool
		if size, ok = restOf(resp.Header.Get("Content-Range"), int64(f.good)); !ok {
			return nil, fmt.Errorf("fill %s: go on at %d: another range was answered", f.o.uri, f.good)
		}
	} else if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fill %s: go on at %d: status %d", f.o.uri, f.good, resp.StatusCode)
	}
	if f.size >= 0 && size >= 0 && size != f.size {
		return nil, fmt.Errorf("fill %s: go on at %d: it has %d bytes there, not %d", f.o.uri, f.good, size, f.size)
	}
	f.size = max(f.size, size)
	if resp.StatusCode == http.StatusOK {
		return resp.Body, f.skip(resp.Body)
	}
	return resp.Body, nil
}

// restOf reads a Content-Range that must go from a byte to the end, and returns the whole size.
func restOf(header string, from int64) (size int64, ok bool) {
	text, ok := strings.CutPrefix(header, "bytes "+strconv.FormatInt(from, 10)+"-")
	last, total, cut := strings.Cut(text, "/")
	end, err := strconv.ParseInt(last, 10, 63)
	if !ok || !cut || err != nil {
		return 0, false
	}
	size, err = strconv.ParseInt(total, 10, 63)
	return size, err == nil && end == size-1 && end >= from
}

// skip reads what is there already, and compares.
func (f *flight) skip(from io.Reader) error {
	b := make([]byte, 16<<10)
	for at := 0; at < f.good; {
		n, err := io.ReadFull(from, b[:min(len(b), f.good-at)])
		if !bytes.Equal(b[:n], f.body[at:at+n]) {
			return fmt.Errorf("fill %s: go on at %d: other bytes stand before it there", f.o.uri, f.good)
		}
		if at += n; err != nil {
			return fmt.Errorf("fill %s: go on at %d: %w", f.o.uri, f.good, err)
		}
	}
	return nil
}
