//! The demonstration: see `cargo demo -- --help`.

use std::process::ExitCode;

use symbolon_host::config::{Config, HELP};

fn main() -> ExitCode {
    let config = match Config::from_args() {
        Ok(Some(config)) => config,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    tracing_subscriber::fmt().with_max_level(config.log).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run(config)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let stop = symbolon_host::told_to_stop()?;
    let once = config.once;
    let running = symbolon_host::start(config).await?;
    println!("listening on http://{}", running.address);
    let outcome = if once {
        symbolon_host::demo::once(&running.host).await
    } else {
        print!("{}", symbolon_host::demo::commands(&running.host));
        stop.await;
        Ok(())
    };
    running.stop().await?;
    Ok(outcome?)
}
