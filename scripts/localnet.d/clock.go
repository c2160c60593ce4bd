package time

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// localnetNow reads the file that LOCALNET_CLOCK names. "+SECONDS": so far ahead of the machine's clock. "SECONDS"
// since 1970: the clock stands still there. No file, or anything else in it: the machine's clock.
func localnetNow() time.Time {
	now := time.Now()
	text, err := os.ReadFile(os.Getenv("LOCALNET_CLOCK"))
	if err != nil {
		return now
	}
	word := strings.TrimSpace(string(text))
	seconds, err := strconv.ParseInt(strings.TrimPrefix(word, "+"), 10, 64)
	if err != nil {
		return now
	}
	if strings.HasPrefix(word, "+") {
		return now.Add(time.Duration(seconds) * time.Second)
	}
	return time.Unix(seconds, 0)
}
