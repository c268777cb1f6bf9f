package upload

import (
	"errors"
	"io/fs"
	"net/http"
	"os"

	"github.com/minio/minio-go/v7"

	"github.com/shoal-live/shoal/origin/archive"
)

// Reasons of failures.
const (
	reasonNetwork = "network" // no answer
	reasonBusy    = "busy"    // asked to come back later
	reasonServer  = "server"
	reasonRefused = "refused" // keys, bucket, or what was asked for
	reasonFile    = "file"    // cannot be read here, or nothing noted beside it
)

// scope is what a failure is of.
type scope int

const (
	passing scope = iota // the next attempt may succeed
	ofFile               // this file fails again, others need not
	ofAll                // every file fails until a person has done something
)

// failure is why an attempt failed.
type failure struct {
	reason string
	scope  scope
	advice string // what a person has to do; empty where that is nothing
}

// What is wrong and what to do. Anybody who may list recordings reads it, so it names no bucket.
const (
	adviceBucket   = "the bucket does not exist: make it, or name another by -s3-bucket"
	adviceRights   = "the account may not write to the bucket: let it put, get and abort objects there, and list parts of uploads"
	adviceKeys     = "the storage does not know the keys: see -s3-keys"
	adviceClock    = "the clock of this machine is wrong: set it"
	adviceRegion   = "the bucket is in another region, or has another address: see -s3-region and -s3-endpoint"
	adviceEndpoint = "what answers there is no storage that takes uploads: see -s3-endpoint"
	adviceFile     = "the storage refuses this file as it is: see what it answers"
	adviceLocal    = "the file cannot be read or nothing noted beside it: see the disk"
	adviceDown     = "the storage has not taken anything for long: see whether it is there, and has room"
)

// refusals are the answers of which it is known what they are of. What else is refused is judged by its status.
var refusals = map[string]failure{
	minio.NoSuchBucket:                   {reasonRefused, ofAll, adviceBucket},
	"InvalidBucketName":                  {reasonRefused, ofAll, adviceBucket},
	minio.AccessDenied:                   {reasonRefused, ofAll, adviceRights},
	"AllAccessDisabled":                  {reasonRefused, ofAll, adviceRights},
	"AccountProblem":                     {reasonRefused, ofAll, adviceRights},
	"InvalidAccessKeyId":                 {reasonRefused, ofAll, adviceKeys},
	"SignatureDoesNotMatch":              {reasonRefused, ofAll, adviceKeys},
	"ExpiredToken":                       {reasonRefused, ofAll, adviceKeys},
	"InvalidToken":                       {reasonRefused, ofAll, adviceKeys},
	"RequestTimeTooSkewed":               {reasonRefused, ofAll, adviceClock},
	"PermanentRedirect":                  {reasonRefused, ofAll, adviceRegion},
	"AuthorizationHeaderMalformed":       {reasonRefused, ofAll, adviceRegion},
	"IllegalLocationConstraintException": {reasonRefused, ofAll, adviceRegion},
	minio.InvalidRegion:                  {reasonRefused, ofAll, adviceRegion},
	"MethodNotAllowed":                   {reasonRefused, ofAll, adviceEndpoint},
	minio.NotImplemented:                 {reasonRefused, ofAll, adviceEndpoint},

	"RequestTimeout":             {reasonNetwork, passing, ""}, // it got too little for too long
	"IncompleteBody":             {reasonNetwork, passing, ""},
	"BadDigest":                  {reasonNetwork, passing, ""}, // bytes were changed on their way
	"XAmzContentSHA256Mismatch":  {reasonNetwork, passing, ""},
	"OperationAborted":           {reasonBusy, passing, ""},
	"ConditionalRequestConflict": {reasonBusy, passing, ""},
	minio.NoSuchUpload:           {reasonServer, passing, ""}, // it has forgotten it: the next attempt begins anew
	minio.InvalidPart:            {reasonServer, passing, ""},
	"InvalidPartOrder":           {reasonServer, passing, ""},
	minio.EntityTooSmall:         {reasonServer, passing, ""},
}

// classify tells what an attempt failed of.
func classify(err error) failure {
	var at *fs.PathError
	var link *os.LinkError // of a rename
	if errors.Is(err, ErrSize) || errors.Is(err, archive.ErrIndex) || errors.Is(err, fs.ErrNotExist) || errors.As(err, &at) || errors.As(err, &link) {
		return failure{reasonFile, ofFile, adviceLocal}
	}
	var r minio.ErrorResponse // which minio.ToErrorResponse does not find where it is wrapped
	if !errors.As(err, &r) {
		return failure{reasonNetwork, passing, ""}
	}
	if known, ok := refusals[r.Code]; ok {
		return known
	}
	switch code := r.StatusCode; {
	case code == http.StatusServiceUnavailable, code == http.StatusTooManyRequests:
		return failure{reasonBusy, passing, ""}
	case code >= 500:
		return failure{reasonServer, passing, ""}
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly:
		return failure{reasonNetwork, passing, ""}
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return failure{reasonRefused, ofAll, adviceRights}
	case code == http.StatusNotFound, code == http.StatusMethodNotAllowed:
		return failure{reasonRefused, ofAll, adviceEndpoint}
	case code >= 400:
		return failure{reasonRefused, ofFile, adviceFile}
	case code >= 300:
		return failure{reasonRefused, ofAll, adviceRegion}
	}
	return failure{reasonNetwork, passing, ""}
}

// gone tells whether an error says that the storage does not know an upload any more.
func gone(err error) bool { return answered(err, minio.NoSuchUpload) }

// answered tells whether an error is the storage's answer of a code.
func answered(err error, codes ...string) bool {
	var r minio.ErrorResponse
	if !errors.As(err, &r) {
		return false
	}
	for _, c := range codes {
		if r.Code == c {
			return true
		}
	}
	return false
}
