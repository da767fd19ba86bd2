//! The demonstration: see `cargo demo -- --help`.

use std::process::ExitCode;

use symbolon_host::config::{Config, HELP};
use symbolon_host::demo::say;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

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
    // The host's own words alone: what libraries log at the finer levels may hold what they carry.
    let own = Targets::new().with_target("symbolon_host", config.log);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(own).init();
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
    say(&format!("listening on {}\n", running.root));
    let outcome = if once {
        symbolon_host::demo::once(&running.host).await
    } else {
        if running.host.is_demo() {
            say(&symbolon_host::demo::commands(&running.host));
        }
        stop.await;
        Ok(())
    };
    running.stop().await?;
    Ok(outcome?)
}
