//! The user name and password method (RFC 1929).

use super::{PASSWORD_VERSION, VERSION};
use crate::bytes::Message;
use crate::credentials::Credentials;
use crate::decode::{Cursor, Decoded, Malformed, Stop, decode};

/// Says who is asking.
pub fn encode_password_request(credentials: &Credentials) -> Message {
    let mut request = Message::EMPTY;
    request.push(&[PASSWORD_VERSION]);
    for field in [credentials.username(), credentials.password()] {
        request.push(&[u8::try_from(field.len()).unwrap_or(u8::MAX)]);
        request.push(field);
    }
    request
}

/// Reads who is asking; a field of length 0 is judged when the message is complete.
pub fn decode_password_request(bytes: &[u8]) -> Result<Decoded<Credentials>, Malformed> {
    decode(bytes, |cursor| {
        cursor.at_least(3);
        cursor.version(PASSWORD_VERSION)?;
        let length = usize::from(cursor.byte()?);
        cursor.at_least(length.saturating_add(1));
        let username = cursor.take(length)?;
        let length = usize::from(cursor.byte()?);
        let password = cursor.take(length)?;
        Credentials::new(username, password).map_err(|_| Malformed::EmptyCredentials.into())
    })
}

/// Answers with STATUS, of which only 00 is success.
pub fn encode_password_reply(status: u8) -> Message {
    let mut reply = Message::EMPTY;
    reply.push(&[PASSWORD_VERSION, status]);
    reply
}

/// Reads STATUS; old proxies send the version of SOCKS5 in front of it.
pub fn decode_password_reply(bytes: &[u8]) -> Result<Decoded<u8>, Malformed> {
    decode(bytes, |cursor| {
        cursor.at_least(2);
        read_version(cursor)?;
        cursor.byte()
    })
}

fn read_version(cursor: &mut Cursor<'_>) -> Result<(), Stop> {
    match cursor.byte()? {
        PASSWORD_VERSION | VERSION => Ok(()),
        came => Err(Malformed::Version { expected: PASSWORD_VERSION, came }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::hex;

    #[test]
    fn the_longest_request_is_read_whole() {
        let credentials = Credentials::new(&[b'u'; 255], &[b'p'; 255]).unwrap();
        let request = encode_password_request(&credentials);
        assert_eq!(request.as_bytes().len(), 513);
        assert_eq!(decode_password_request(request.as_bytes()), Ok(Decoded::Complete(credentials, 513)));
    }

    #[test]
    fn an_empty_field_is_judged_at_the_end_of_the_message() {
        assert_eq!(decode_password_request(&hex("01 00 02 61")), Ok(Decoded::Incomplete(1)));
        assert_eq!(decode_password_request(&hex("01 00 02 61 62")), Err(Malformed::EmptyCredentials));
        assert_eq!(decode_password_request(&hex("01 00 00")), Err(Malformed::EmptyCredentials));
    }

    #[test]
    fn the_reply_may_have_either_version() {
        assert_eq!(decode_password_reply(&hex("01 00")), Ok(Decoded::Complete(0x00, 2)));
        assert_eq!(decode_password_reply(&hex("05 01")), Ok(Decoded::Complete(0x01, 2)));
        let version = Malformed::Version { expected: 0x01, came: 0x00 };
        assert_eq!(decode_password_reply(&hex("00")), Err(version));
    }
}
