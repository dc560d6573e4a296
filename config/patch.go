package config

// A Patch is a change of some services of a Config; all else stays. It names no
// service twice.
type Patch struct {
	Set     []Service    // each takes the place of the service of its key, or comes after all others
	Removed []ServiceKey // of services that are there
}
