// Package lockfile holds a file so that one process at a time works with what the file stands for, mostly the folder it is in.
//
// The lock is the system's and not the file's: the file is empty, stays where it is, and says nothing by being there. What is held
// ends when it is closed, or with the process, however that ends. Origins hold their data by it, and edges the folder of their disk.
//
//	held, err := lockfile.Try(filepath.Join(folder, "lock"))
//	if errors.Is(err, lockfile.ErrHeld) {
//		// another one works here: say so, and what to do
//	}
//	defer held.Close()
package lockfile

import "errors"

// ErrHeld means that another process holds the file, or another part of this one.
var ErrHeld = errors.New("lockfile: it is held by another process")
