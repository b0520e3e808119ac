//! The client's address: the peer, or behind trusted proxies the rightmost hop that is none of them.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use poem::http::HeaderMap;

/// The address a request comes from.
///
/// # Security
/// Only a trusted peer's `X-Forwarded-For` is read, from the right: everything left of the first untrusted hop was
/// written by that hop and may be a lie.
pub(crate) fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip));
    let mut client = peer.to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let values = headers.get_all("x-forwarded-for").iter();
    let hops: Vec<&str> = values.flat_map(|value| value.to_str().unwrap_or("?").split(',')).collect();
    for hop in hops.into_iter().rev() {
        let Some(ip) = parse_hop(hop.trim()) else {
            return client;
        };
        client = ip;
        if !is_trusted(client) {
            return client;
        }
    }
    client
}

/// `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:443`.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| hop.parse().ok().map(|socket: SocketAddr| socket.ip()));
    address.map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().expect("header"));
        }
        let trusted = ["10.0.0.0/8".parse().expect("net"), "fd00::/8".parse().expect("net")];
        client_ip(peer.parse().expect("peer"), &headers, &trusted).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_client() {
        assert_eq!(judge("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(judge("::ffff:192.0.2.1", &[]), "192.0.2.1");
    }

    #[test]
    fn a_trusted_peer_is_believed_up_to_the_first_untrusted_hop() {
        assert_eq!(judge("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(judge("::ffff:10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(judge("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.2.3.4"]), "198.51.100.7");
        assert_eq!(judge("10.0.0.1", &["1.1.1.1", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(judge("fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(judge("10.0.0.1", &["198.51.100.7:1234"]), "198.51.100.7");
    }

    #[test]
    fn nonsense_stops_at_the_last_known_hop() {
        assert_eq!(judge("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(judge("10.0.0.1", &["9.9.9.9, x, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(judge("10.0.0.1", &[""]), "10.0.0.1");
        assert_eq!(judge("10.0.0.1", &[]), "10.0.0.1");
    }
}
