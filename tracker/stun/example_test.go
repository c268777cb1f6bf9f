package stun_test

import (
	"fmt"
	"net/netip"

	pion "github.com/pion/stun/v4"
	"github.com/shoal-live/shoal/tracker/stun"
)

func ExampleAnswer() {
	request := pion.MustBuild(pion.TransactionID, pion.BindingRequest)
	answer := &pion.Message{Raw: stun.Answer(request.Raw, netip.MustParseAddrPort("192.0.2.1:5000"))}
	var seen pion.XORMappedAddress
	if answer.Decode() == nil && seen.GetFrom(answer) == nil {
		fmt.Println("you are seen as", seen)
	}
	// Output: you are seen as 192.0.2.1:5000
}
