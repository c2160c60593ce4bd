fn main() -> std::process::ExitCode {
    firebreak_simulation::cli::main()
}
