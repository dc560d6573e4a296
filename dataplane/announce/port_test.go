package announce

import (
	"bytes"
	"testing"
	"time"

	"xlvs/dataplane/header"
)

func TestResponse(t *testing.T) {
	p := &port{Port: Port{MAC: macB}, defences: newLimiter(defendInterval)}
	start := time.Unix(1000, 0)
	vlan := tag{header.TypeVLAN, 10}
	asks := message{from: macA, owned: client4, wanted: vip4}
	steps := []struct {
		name  string
		v     verdict
		after time.Duration
		want  []byte
	}{
		{"what is not for us", ignored, 0, nil},
		{"question", asked, 0, answer(asks, vip4, macB, vlan)},
		{"question again", asked, 0, answer(asks, vip4, macB, vlan)},
		{"probe", probed, 0, answer(asks, vip4, macB, vlan)},
		{"claim", claimed, 0, announcement(vip4, macB, vlan)},
		{"claim that insists", claimed, 9 * time.Second, nil},
		{"question in the meantime", asked, 9 * time.Second, answer(asks, vip4, macB, vlan)},
		{"claim after the interval", claimed, 10 * time.Second, announcement(vip4, macB, vlan)},
	}
	for _, tt := range steps {
		if got := p.response(asks, vip4, tt.v, vlan, start.Add(tt.after)); !bytes.Equal(got, tt.want) {
			t.Errorf("%s: response is % x, want % x", tt.name, got, tt.want)
		}
	}
}
