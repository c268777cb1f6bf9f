package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			fmt.Fprintln(w, "ok")
		case "/readyz":
			w.WriteHeader(status)
			fmt.Fprintln(w, "edge: no origin has answered")
		}
	}))
	defer server.Close()
	at := strings.TrimPrefix(server.URL, "http://")
	port := at[strings.LastIndexByte(at, ':'):]
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	for _, c := range []struct {
		name   string
		status int
		args   string
		fails  string // empty: it does not
	}{
		{"ready", 200, "-admin " + at, ""},
		{"ready, by port", 200, "-admin " + port, ""},
		{"not ready", 503, "-admin " + at, "503: edge: no origin"},
		{"not ready, but alive", 503, "-alive -admin " + at, ""},
		{"nobody there", 200, "-admin 127.0.0.1:1", "-admin names it"},
		{"no address", 200, "-admin here", "-admin here"},
	} {
		status = c.status
		var out bytes.Buffer
		err := dispatch(t.Context(), append([]string{"check"}, strings.Fields(c.args)...), &out)
		if c.fails == "" && (err != nil || out.Len() == 0) || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%s: %v, %q", c.name, err, out.String())
		}
	}
	t.Setenv("SHOAL_ADMIN", port)
	status = http.StatusOK
	if err := dispatch(t.Context(), []string{"check"}, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}
