//! The command line's entry; nothing else.

fn main() -> std::process::ExitCode {
    runglass::native::run(std::env::args().skip(1))
}
