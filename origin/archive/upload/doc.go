// Package upload copies finished recordings to S3-compatible storage.
//
// The disk is the queue: what has no mark beside it is not uploaded yet, however often the origin has started since. So
// nothing is lost when the storage is away, or the origin; only a bounded number of files is thought about at a time.
// A large file goes up in parts (S3's multipart upload). Its upload's name is written beside the file before the first part
// is sent, and the storage itself is asked which parts it has: an upload that was interrupted goes on where it was.
//
// What fails is tried again, after waits that double up to a minute and are shared: storage that is down is not hammered. What no
// retry mends, as a bucket that is not there, and what has failed for long is said in the log and by State, with what to do, and is
// then tried seldom, one file at a time, and at a start. A file that fails alone is set aside, and costs the others nothing. The
// first failure is said too, and that it works again; the rest is counted.
//
// Drive it with New and Run. The keys come from the configuration and are never written anywhere.
package upload
