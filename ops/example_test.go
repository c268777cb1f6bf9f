package ops_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/ops"
)

func Example() {
	admin := http.NewServeMux() // of an edge
	admin.Handle("/api/v1/service", ops.Describe(ops.Self{Is: []string{"edge"}}, func() error { return nil }, prometheus.NewRegistry()))
	board, err := ops.New(ops.Config{Own: admin, Watch: ":8080", Files: fstest.MapFS{"ops.html": {Data: []byte("the page")}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := httptest.NewRecorder() // serve the board at the admin listener, and let board.Run keep the last hour
	board.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://localhost:9090/ops", nil))
	fmt.Println(answer.Code, answer.Body)
	// Output: 200 the page
}
