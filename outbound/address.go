package outbound

import (
	"net/netip"
	"syscall"

	"github.com/offprint/offprint"
)

// reserved are the blocks that are not part of the public internet beyond those
// that netip knows by name (RFC 6890 and the IANA special-purpose registries).
var reserved = prefixes(
	"0.0.0.0/8",       // this network
	"100.64.0.0/10",   // carrier-grade NAT
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays, withdrawn
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"240.0.0.0/4",     // future use, and broadcast
	"2001::/23",       // protocol assignments, Teredo among them
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4: wraps any IPv4 address
	"3fff::/20",       // documentation
)

var (
	globalUnicast6 = netip.MustParsePrefix("2000::/3")
	nat64          = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(s ...string) []netip.Prefix {
	p := make([]netip.Prefix, len(s))
	for i := range s {
		p[i] = netip.MustParsePrefix(s[i])
	}
	return p
}

// Public reports whether an address belongs to the public internet: not to
// this machine, a private network, a multicast group or a reserved block, in
// whatever form it is written.
func Public(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	if nat64.Contains(a) { // a network without IPv4 reaches the IPv4 internet so
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if a.Is6() && !globalUnicast6.Contains(a) {
		return false
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// refusePrivate is a net.Dialer.Control: it sees the resolved address that the
// socket is about to connect to.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !Public(ap.Addr()) {
		return offprint.Errorf(offprint.KindForbidden, "The address leads into a private network, which is refused. If that is meant, allow private addresses for it.")
	}
	return nil
}

// refuseLinkLocal is a net.Dialer.Control for what may reach private addresses.
func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || ap.Addr().Unmap().IsLinkLocalUnicast() {
		return offprint.Errorf(offprint.KindForbidden, "The address is link-local, which is always refused.")
	}
	return nil
}
