//! The one tracking server behind the page: what reaches it, and what comes back.

use crate::http::{Answer, JSON, Scratch, background, get, post, raw, start};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A tracking server that tells what it was asked.
fn upstream() -> SocketAddr {
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::{Response, StatusCode};
    let answer = async |request: Request| {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
        let headers: Vec<String> =
            head.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect();
        let told = serde_json::json!({
            "line": format!("{} {}", head.method, head.uri), "headers": headers, "body": String::from_utf8_lossy(&body),
        });
        let response = Response::builder();
        let response = match head.uri.path().rsplit('/').next().unwrap_or_default() {
            "away" => response.status(302).header("location", "https://login.example/?next=x"),
            "near" => response.status(307).header("location", "/base/version"),
            "round" => response.status(302).header("location", "round"),
            "closed" => response.status(StatusCode::UNAUTHORIZED).header("www-authenticate", "Basic realm=\"mlflow\""),
            _ => response
                .header("set-cookie", "a=b")
                .header("access-control-allow-origin", "*")
                .header("strict-transport-security", "max-age=1")
                .header("x-own", "kept"),
        };
        if head.uri.path().ends_with("large") {
            let pieces = (0..256).map(|at: u32| Ok::<_, std::io::Error>(vec![at as u8; 256 << 10]));
            return response.body(Body::from_stream(futures_util::stream::iter(pieces))).expect("a response");
        }
        if head.uri.path().ends_with("broken") {
            // the first piece is on its way before it dies
            let pieces = futures_util::stream::unfold(0, |at| async move {
                if at > 0 {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                let piece = if at == 0 { Ok(vec![1; 100]) } else { Err(std::io::Error::other("died")) };
                Some((piece, at + 1))
            });
            return response.body(Body::from_stream(pieces)).expect("a response");
        }
        response.body(Body::from(told.to_string())).expect("a response")
    };
    background(move |tell| async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        tell.send(listener.local_addr().expect("an address")).expect("told");
        axum::serve(listener, axum::Router::new().fallback(answer)).await.expect("runs");
    })
}

#[test]
fn questions_reach_the_one_server_and_nothing_else_does() {
    let scratch = Scratch::new();
    let server = upstream();
    let to = start(&scratch, None, Some(format!("http://{server}/base/")));
    let line = |answer: &Answer| answer.json()["line"].as_str().map(str::to_owned);
    let asked = get(to, "/mlflow/api/2.0/mlflow/experiments/search?max_results=5&filter=a%20b");
    assert_eq!(line(&asked).as_deref(), Some("GET /base/api/2.0/mlflow/experiments/search?max_results=5&filter=a%20b"));
    assert_eq!(asked.header("x-own"), Some("kept"));
    assert_eq!(asked.header("x-upstream-host").map(str::to_owned), Some(server.to_string()));
    for name in ["set-cookie", "access-control-allow-origin", "strict-transport-security"] {
        assert_eq!(asked.header(name), None, "{name}");
    }
    assert_eq!(asked.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    let own = format!(
        "{JSON}Authorization: Bearer secret\r\nX-MLFLOW-WORKSPACE: w\r\nCookie: c=1\r\nOrigin: http://{to}\r\nReferer: http://{to}/\r\n\
         Sec-Fetch-Site: same-origin\r\nX-Hop: 1\r\nConnection: X-Hop\r\nTE: trailers\r\n"
    );
    let searched = raw(to, "POST /mlflow/ajax-api/2.0/mlflow/runs/search", &own, b"{\"max_results\":1}");
    assert_eq!(line(&searched).as_deref(), Some("POST /base/ajax-api/2.0/mlflow/runs/search"));
    assert_eq!(searched.json()["body"], "{\"max_results\":1}");
    let headers: Vec<String> = serde_json::from_value(searched.json()["headers"].clone()).expect("headers");
    for header in [
        "authorization: Bearer secret",
        "x-mlflow-workspace: w",
        "content-type: application/json",
        "content-length: 17",
    ] {
        assert!(headers.iter().any(|own| own == header), "{header} in {headers:?}");
    }
    assert!(headers.contains(&format!("host: {server}")), "{headers:?}");
    for name in ["cookie", "origin", "referer", "sec-fetch-site", "x-hop", "te", "connection"] {
        assert!(!headers.iter().any(|own| own.starts_with(&format!("{name}:"))), "{name} in {headers:?}");
    }
    for refused in [
        "POST /mlflow/api/2.0/mlflow/runs/create",
        "POST /mlflow/api/2.0/mlflow/runs/delete",
        "POST /mlflow/graphql",
        "PATCH /mlflow/api/2.0/mlflow/logged-models/x/tags",
        "DELETE /mlflow/api/2.0/mlflow/registered-models/alias",
        "PUT /mlflow/api/2.0/mlflow-artifacts/artifacts/x",
    ] {
        let answer = raw(to, refused, JSON, b"{}");
        assert_eq!(
            (answer.status, answer.json()["error_code"].as_str()),
            (405, Some("PERMISSION_DENIED")),
            "{refused}"
        );
    }
    for path in ["../admin", "%2e%2e/admin", "a/..%2f../admin", "a\\..\\admin"] {
        assert_eq!(get(to, &format!("/mlflow/{path}")).status, 400, "{path}");
    }
    assert_eq!(line(&get(to, "/mlflow//evil.example/x")).as_deref(), Some("GET /base//evil.example/x"));
    assert_eq!(raw(to, "HEAD /mlflow/version", "", b"").status, 200);
    let closed = get(to, "/mlflow/closed");
    assert_eq!((closed.status, closed.header("www-authenticate")), (401, None));
    assert_eq!(closed.header("x-upstream-authenticate"), Some("Basic realm=\"mlflow\""));
    // redirects stay on the server's own host
    assert_eq!(line(&get(to, "/mlflow/near")).as_deref(), Some("GET /base/version"));
    let away = get(to, "/mlflow/away");
    assert_eq!(
        (away.status, away.json()["error_code"].as_str(), away.header("location")),
        (302, Some("REDIRECTED"), None)
    );
    assert!(away.text().contains("login.example"), "{}", away.text());
    assert_eq!(get(to, "/mlflow/round").status, 302);
}

#[test]
fn answers_stream_and_break_off_openly() {
    let scratch = Scratch::new();
    let to = start(&scratch, None, Some(format!("http://{}", upstream())));
    let large = get(to, "/mlflow/large");
    assert_eq!((large.status, large.body.len()), (200, 64 << 20));
    assert!(large.body.chunks(256 << 10).enumerate().all(|(at, piece)| piece.iter().all(|byte| *byte == at as u8)));
    // an answer that breaks off has no end: it must not look whole
    let mut stream = TcpStream::connect(to).expect("connects");
    write!(stream, "GET /mlflow/broken HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let text = String::from_utf8_lossy(&all);
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("\u{1}\u{1}") && !text.ends_with("0\r\n\r\n"), "{text}");
}

#[test]
fn a_server_that_is_not_there_is_told_in_its_own_form() {
    let scratch = Scratch::new();
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let to = start(&scratch, None, Some(format!("http://{free}")));
    let answer = post(to, "/mlflow/api/2.0/mlflow/runs/search", "{}");
    assert_eq!((answer.status, answer.json()["error_code"].as_str()), (502, Some("TEMPORARILY_UNAVAILABLE")));
    assert!(
        answer.json()["message"].as_str().is_some_and(|text| text.contains(&free.to_string())),
        "{}",
        answer.text()
    );
    let nothing = start(&scratch, None, None);
    assert_eq!((get(nothing, "/mlflow/version").status, get(nothing, "/served/file?path=x").status), (404, 404));
}
