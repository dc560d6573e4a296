package guest

import (
	"context"
	"errors"
	"sync"
)

// errNoMore is what next returns when no reply can come any more.
var errNoMore = errors.New("no more replies")

// A call is a queue of the replies to one request. It has no bound: a caller
// that takes its time must not hold up the replies to others, one of which it
// may be waiting for itself.
type call struct {
	mu      sync.Mutex
	replies []reply
	more    chan struct{} // holds a token when there are replies
}

func newCall() *call { return &call{more: make(chan struct{}, 1)} }

// push adds r.
func (c *call) push(r reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replies = append(c.replies, r)
	select {
	case c.more <- struct{}{}:
	default: // the token is still there
	}
}

// next returns the first reply, and waits for it until ctx ends or, which is
// errNoMore, ended is closed and no reply is left.
func (c *call) next(ctx context.Context, ended <-chan struct{}) (reply, error) {
	for {
		select {
		case <-ctx.Done():
			return reply{}, context.Cause(ctx)
		case <-c.more:
		case <-ended:
			if r, ok := c.pop(); ok {
				return r, nil
			}
			return reply{}, errNoMore
		}
		if r, ok := c.pop(); ok {
			return r, nil
		}
	}
}

// pop takes the first reply off the queue, and leaves the token if there are
// others.
func (c *call) pop() (reply, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.replies) == 0 {
		return reply{}, false
	}
	r := c.replies[0]
	c.replies = c.replies[1:]
	if len(c.replies) > 0 {
		select {
		case c.more <- struct{}{}:
		default:
		}
	}
	return r, true
}
