//! A browser without a screen: HTTP/1.1 over one kept-alive connection, with cookies.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

/// One connection, made anew when it was lost.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    stream: Option<BufStream<TcpStream>>,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Wire {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, cookies: BTreeMap::new() }
    }

    /// Another connection of the same browser, perhaps to a program that was started again.
    pub(crate) fn again(&self, address: SocketAddr) -> Self {
        Self { address, stream: None, cookies: self.cookies.clone() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.send("GET", path, "").await
    }

    /// Posts a form whose values need no encoding.
    pub(crate) async fn post(&mut self, path: &str, form: &str) -> io::Result<Answer> {
        self.send("POST", path, form).await
    }

    /// Asks on a connection of its own, whose answer is read at any pace, to its end.
    pub(crate) async fn follow(&self, path: &str) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address).await?;
        let (address, cookies) = (self.address, cookies(&self.cookies));
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookies}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        Ok(stream)
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        let answer = self.exchange(method, path, body).await;
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    async fn exchange(&mut self, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(BufStream::new(TcpStream::connect(self.address).await?)),
        };
        let cookies = cookies(&self.cookies);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncookie: {cookies}\r\ncontent-length: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\n",
            self.address,
            body.len(),
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.flush().await?;
        let (answer, set) = read(stream).await?;
        self.cookies.extend(set);
        Ok(answer)
    }
}

fn cookies(cookies: &BTreeMap<String, String>) -> String {
    cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

async fn read(stream: &mut BufStream<TcpStream>) -> io::Result<(Answer, Vec<(String, String)>)> {
    let (mut status, mut length, mut cookies) = (0, 0, vec![]);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = rest.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
        }
        match line.split_once(": ") {
            Some(("content-length", bytes)) => length = bytes.parse().unwrap_or(0),
            Some(("set-cookie", cookie)) => {
                let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
                cookies.extend(pair.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok((Answer { status, body }, cookies))
}
