package upload

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/shoal-live/shoal/origin/archive"
)

// answers is a storage that answers the same to whatever is asked.
type answers struct {
	status int
	body   []byte
	asked  int
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	if a.asked++; a.asked > 100 {
		return nil, errors.New("asked for ever")
	}
	return &http.Response{
		StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(a.body)), Request: r,
		Header: http.Header{"Etag": {`"x"`}, "Content-Type": {"application/xml"}}, Body: io.NopCloser(bytes.NewReader(a.body)),
	}, nil
}

// FuzzAnswer has storage answer whatever, to an upload in parts that begins or goes on: an error at most, of which it is known what to do, in
// a bounded number of requests; and what stands in the note beside the file may be whatever too.
func FuzzAnswer(f *testing.F) {
	f.Add(200, []byte(`<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`), []byte(`{}`))
	f.Add(200, []byte(`<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker><Part><PartNumber>1</PartNumber><ETag>"x"</ETag><Size>262144</Size></Part></ListPartsResult>`),
		[]byte(`{"id":"u","key":"k.mp4","size":262145,"part":262144}`))
	f.Add(404, []byte(`<Error><Code>NoSuchUpload</Code></Error>`), []byte(`{"id":"u","key":"k.mp4","size":262145,"part":262144}`))
	f.Add(403, []byte(`<Error><Code>AccessDenied</Code></Error>`), []byte(`x`))
	f.Add(301, []byte(``), []byte(``))
	f.Fuzz(func(t *testing.T, status int, body, note []byte) {
		if status < 200 || status > 999 {
			return
		}
		dir := t.TempDir()
		a, err := archive.New(archive.Config{Dir: dir, Keep: true})
		if err != nil {
			t.Fatal(err)
		}
		u, err := New(Config{
			Archive: a, Endpoint: "http://127.0.0.1:1", Bucket: bucket, AccessKey: "key", SecretKey: "secret", Log: slog.New(slog.DiscardHandler), part: 256 << 10,
		})
		if err != nil {
			t.Fatal(err)
		}
		from := &answers{status: status, body: body}
		core, err := minio.NewCore("127.0.0.1:1", &minio.Options{Region: "us-east-1", Transport: from, MaxRetries: 1})
		if err != nil {
			t.Fatal(err)
		}
		u.client = core
		file := archive.File{Path: filepath.Join(dir, "k.mp4"), Key: "k.mp4", Size: 256<<10 + 1}
		if err := os.WriteFile(file.Path+archive.PendingSuffix, note, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := u.putParts(context.Background(), "k.mp4", bytes.NewReader(make([]byte, file.Size)), file); err != nil {
			if c := classify(err); c.reason == "" || (c.scope == passing) != (c.advice == "") {
				t.Errorf("%v: %+v", err, c)
			}
		}
		if from.asked > 100 {
			t.Error("asked for ever")
		}
	})
}
