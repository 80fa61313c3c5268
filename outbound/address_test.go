package outbound

import (
	"net/netip"
	"testing"
)

func TestPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"151.101.3.42":        true,
		"8.8.8.8":             true,
		"2a04:4e42::81":       true,
		"::ffff:8.8.8.8":      true,
		"64:ff9b::8.8.8.8":    true,
		"100.128.0.1":         true,
		"172.32.0.1":          true,
		"127.0.0.1":           false,
		"127.255.0.3":         false,
		"0.0.0.0":             false,
		"0.1.2.3":             false,
		"10.1.2.3":            false,
		"172.16.0.1":          false,
		"192.168.1.1":         false,
		"169.254.169.254":     false, // cloud metadata
		"100.64.0.1":          false,
		"100.127.255.255":     false,
		"192.0.0.8":           false,
		"198.18.0.1":          false,
		"203.0.113.9":         false,
		"224.0.0.1":           false,
		"240.0.0.1":           false,
		"255.255.255.255":     false,
		"::":                  false,
		"::1":                 false,
		"::127.0.0.1":         false,
		"::ffff:127.0.0.1":    false,
		"::ffff:10.0.0.1":     false,
		"::ffff:169.254.0.1":  false,
		"64:ff9b::10.0.0.1":   false,
		"64:ff9b::127.0.0.1":  false,
		"64:ff9b:1::8.8.8.8":  false,
		"fe80::1":             false,
		"fe80::1%eth0":        false,
		"fc00::1":             false,
		"fd12:3456::1":        false,
		"fec0::1":             false,
		"ff02::1":             false,
		"2001::1":             false,
		"2001:db8::1":         false,
		"2002:7f00:1::":       false,
		"2002:0808:0808::":    false,
		"3fff::1":             false,
		"100::1":              false,
		"5f00::1":             false,
		"::ffff:100.64.0.255": false,
	} {
		if got := Public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Public(%s) = %v, want %v", addr, got, want)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("the zero address is public")
	}
}

func FuzzPublic(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add(netip.MustParseAddr("::ffff:10.0.0.1").AsSlice())
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok || !Public(a) {
			return
		}
		if v4 := a.Unmap(); v4.IsLoopback() || v4.IsPrivate() || v4.IsLinkLocalUnicast() || v4.IsMulticast() || v4.IsUnspecified() {
			t.Errorf("%s passes", a)
		}
		// An IPv4 address is judged alike in all of its forms.
		if a.Is4() {
			four := a.As4()
			for _, form := range []netip.Addr{
				netip.AddrFrom16(a.As16()),
				netip.AddrFrom16([16]byte{0, 0x64, 0xff, 0x9b, 12: four[0], 13: four[1], 14: four[2], 15: four[3]}),
			} {
				if !Public(form) {
					t.Errorf("%s passes, but not as %s", a, form)
				}
			}
		}
	})
}

func TestLinkLocalIsAlwaysRefused(t *testing.T) {
	for address, refused := range map[string]bool{
		"169.254.169.254:80":          true,
		"[::ffff:169.254.169.254]:80": true,
		"[fe80::1%eth0]:80":           true,
		"127.0.0.1:80":                false,
		"10.0.0.1:80":                 false,
		"[fd00::1]:80":                false,
	} {
		if err := refuseLinkLocal("tcp", address, nil); (err != nil) != refused {
			t.Errorf("%s: %v", address, err)
		}
	}
}
