//! The `locklab` command.

fn main() -> std::process::ExitCode {
    locklab_reports::cli::main()
}
