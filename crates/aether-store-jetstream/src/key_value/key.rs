//! Keys as clients of NATS take them: `[-/_=.a-zA-Z0-9]+`, no empty part between dots (`nats.go`, `keyValid`). Pure.

/// What stands before the two digits of a byte that is not legal where it is.
const ESCAPE: u8 = b'=';

/// Writes a key as a legal one; two keys are never written alike.
pub(crate) fn encode(key: &str) -> String {
    let bytes = key.as_bytes();
    // ADR-8 of NATS reserves keys that begin with `_kv`.
    let reserved = bytes.starts_with(b"_kv");
    let mut written = String::with_capacity(bytes.len());
    let mut after = b'.';
    for (index, byte) in bytes.iter().copied().enumerate() {
        let is_legal = match byte {
            b'.' => after != b'.' && index + 1 < bytes.len(),
            b'_' => index > 0 || !reserved,
            _ => byte.is_ascii_alphanumeric() || b"-/".contains(&byte),
        };
        if is_legal {
            written.push(char::from(byte));
            after = byte;
        } else {
            written.push_str(&format!("={byte:02X}"));
            after = ESCAPE;
        }
    }
    written
}

/// Reads a key that [`encode`] wrote. What others wrote otherwise is no key of ours.
pub(crate) fn decode(written: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            ESCAPE => digit(rest.next()?)? * 16 + digit(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|key| encode(key) == written)
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_legal(written: &str) -> bool {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"-/_=.".contains(&byte);
        written.bytes().all(is_known)
            && written.split('.').all(|part| !part.is_empty())
            && !written.starts_with("_kv")
    }

    proptest! {
        #[test]
        fn every_key_is_written_legally_and_read_back(key in "(?s).{1,20}|[._k v=4]{1,8}") {
            let written = encode(&key);
            prop_assert!(is_legal(&written), "{}", written);
            prop_assert_eq!(decode(&written), Some(key));
        }

        #[test]
        fn what_others_wrote_is_read_as_one_key_or_none(written in "[=.a-cA-C0-9_]{1,8}") {
            if let Some(key) = decode(&written) {
                prop_assert_eq!(encode(&key), written);
            }
        }
    }

    #[test]
    fn keys_that_are_legal_stay_readable() {
        assert_eq!(encode("group.orders/slice-1_a"), "group.orders/slice-1_a");
        assert_eq!(encode("_kv"), "=5Fkv");
        assert_eq!(encode(".a..b."), "=2Ea.=2Eb=2E");
        assert_eq!(encode("a=b *>é"), "a=3Db=20=2A=3E=C3=A9");
        assert_eq!((decode("a=41"), decode("=zz"), decode("a=2e")), (None, None, None));
    }
}
