package main

import "os"

// slack is how late the threads of an origin, and of what it starts, may wake, in nanoseconds. Go's monitor looks after the others
// every 20 microseconds while anything runs: see docs/decisions/0025.
const slack = "1000000"

// oversleep lets the threads that there are now, and those that they start, wake a little late. Linux lets root do so, and whoever
// has CAP_SYS_NICE; systemd does it for others (TimerSlackNSec=1ms).
func oversleep() {
	threads, _ := os.ReadDir("/proc/self/task")
	for _, t := range threads {
		_ = os.WriteFile("/proc/"+t.Name()+"/timerslack_ns", []byte(slack), 0)
	}
}
