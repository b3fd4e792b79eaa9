//! One of the servers, in its own process so that its processor time can be measured.

use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};

use axum::serve::ListenerExt as _;
use clap::{Args, ValueEnum};
use tokio::net::TcpListener;

use crate::failure::Failure;
use crate::{floor, site};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Only the verification of signatures
    Floor,
    /// tower-sqrl on memory stores
    Sqrl,
    /// tower-sqrl on Redis and Postgres, as one of several servers
    Shared,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    kind: Kind,

    /// Worker threads
    #[arg(long, default_value_t = 1)]
    threads: usize,

    /// Nuts that are pending from the start
    #[arg(long, default_value_t = 0)]
    pending: u32,

    /// Lifetime of chains, SQRL URLs and nuts, in seconds
    #[arg(long)]
    chain_seconds: Option<u64>,

    /// Address to listen on
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
    listen: SocketAddr,

    /// Public URL of the nginx in front, which is trusted to forward client addresses
    #[arg(long)]
    public_url: Option<String>,

    #[command(flatten)]
    shared: Option<SharedArgs>,
}

/// The stores that several servers share: both or neither.
#[derive(Debug, Args)]
#[group(requires_all = ["redis", "postgres"])]
struct SharedArgs {
    /// Redis URL of the nut store
    #[arg(long, required = false)]
    redis: String,

    /// Postgres URL of the identity store
    #[arg(long, required = false)]
    postgres: String,
}

pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(args.threads.max(1))
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(args.listen).await?;
        let address = listener.local_addr()?;
        let own = format!("http://{address}");
        let public_url = args.public_url.as_deref().unwrap_or(&own);
        let app = match args.kind {
            Kind::Floor => floor::app(public_url),
            Kind::Sqrl => site::on_memory(public_url, args.pending, args.chain_seconds).await?,
            Kind::Shared => {
                let shared =
                    args.shared.as_ref().ok_or("`serve shared` needs --redis and --postgres")?;
                site::on_redis_and_postgres(public_url, &shared.redis, &shared.postgres).await?
            }
        };
        // Standard input also ends when the parent process is killed.
        std::thread::spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        println!("{address}");
        // Each reply is one packet, so it need not wait for another.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
        Ok(())
    })
}
