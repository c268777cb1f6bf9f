package demo_test

import (
	"fmt"

	"github.com/shoal-live/shoal/cmd/shoal/demo"
)

// The strip of picture 156, as a test would see it.
func ExampleLit() {
	for square := range demo.Squares {
		if demo.Lit(square, 156) {
			fmt.Print("█")
		} else {
			fmt.Print("·")
		}
	}
	fmt.Println()
	// Output: █··███··█·········
}
