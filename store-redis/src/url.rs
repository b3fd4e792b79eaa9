//! The URL of a store.

use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use crate::error::OpenError;

const REDIS_PORT: &str = "6379";
const SENTINEL_PORT: &str = "26379";

/// The servers of a URL.
#[derive(Clone)]
pub(crate) enum Topology {
    /// One server.
    Single(ConnectionInfo),
    /// The master that Sentinel names.
    Sentinel(Sentinel),
    /// A cluster, of which these nodes are known.
    Cluster(Vec<ConnectionInfo>),
}

/// The sentinels of a URL.
#[derive(Clone)]
pub(crate) struct Sentinel {
    pub(crate) sentinels: Vec<ConnectionInfo>,
    /// The name of the group of servers that they monitor.
    pub(crate) service: String,
    /// The settings for connections to the master. Its address comes from the sentinels.
    pub(crate) template: ConnectionInfo,
}

fn unknown_scheme() -> OpenError {
    OpenError::url(
        "it must start with redis://, redis-sentinel://, redis-cluster:// or redis+unix://, or with \
         rediss for an encrypted connection",
    )
}

fn no_server() -> OpenError {
    OpenError::url("it must name a server, redis://127.0.0.1:6379, or several separated by commas")
}

fn no_service() -> OpenError {
    OpenError::url(
        "it must name the group of servers that Sentinel monitors: \
         redis-sentinel://127.0.0.1:26379/?service=mymaster",
    )
}

/// Does not repeat the parameter, which may be the rest of a password.
fn unknown_parameter() -> OpenError {
    OpenError::url(
        "the parameters are service, sentinel_username and sentinel_password, for Sentinel only; \
         write a question mark in a password as %3F",
    )
}

impl Topology {
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        let (scheme, rest) = url.split_once("://").ok_or_else(unknown_scheme)?;
        let several = match scheme {
            "redis" | "rediss" | "valkey" | "valkeys" | "redis+unix" | "unix" => None,
            "redis-sentinel" | "redis-cluster" => Some("redis"),
            "rediss-sentinel" | "rediss-cluster" => Some("rediss"),
            _ => return Err(unknown_scheme()),
        };
        if cfg!(not(feature = "tls")) && (scheme.starts_with("rediss") || scheme == "valkeys") {
            return Err(OpenError::url("encryption needs the feature `tls` of tower-sqrl-redis"));
        }
        match several {
            None => Ok(Self::Single(server(url)?)),
            Some(single) if scheme.ends_with("cluster") => Self::cluster(single, rest),
            Some(single) => Self::sentinel(single, rest),
        }
    }

    fn cluster(scheme: &str, rest: &str) -> Result<Self, OpenError> {
        let several = Several::parse(rest)?;
        if !several.parameters.is_empty() {
            return Err(unknown_parameter());
        }
        several.servers(scheme, REDIS_PORT, several.user, several.database).map(Self::Cluster)
    }

    fn sentinel(scheme: &str, rest: &str) -> Result<Self, OpenError> {
        let several = Several::parse(rest)?;
        let (mut service, mut user, mut password) = (None, "", None);
        for &(name, value) in &several.parameters {
            match name {
                "service" => service = Some(value),
                "sentinel_username" => user = value,
                "sentinel_password" => password = Some(value),
                _ => return Err(unknown_parameter()),
            }
        }
        let service = service.filter(|service| !service.is_empty());
        let user = password.map_or(String::new(), |password| format!("{user}:{password}@"));
        let masters = several.servers(scheme, REDIS_PORT, several.user, several.database)?;
        Ok(Self::Sentinel(Sentinel {
            sentinels: several.servers(scheme, SENTINEL_PORT, &user, "")?,
            service: service.ok_or_else(no_service)?.to_owned(),
            template: masters.into_iter().next().ok_or_else(no_server)?,
        }))
    }
}

/// The parts of a URL with several servers: `user@host,host/database?name=value`.
struct Several<'a> {
    /// With its `@`, or empty.
    user: &'a str,
    hosts: Vec<&'a str>,
    /// With its `/`, or empty.
    database: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Several<'a> {
    fn parse(rest: &'a str) -> Result<Self, OpenError> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let hosts: Vec<_> = hosts.split(',').collect();
        if hosts.iter().any(|host| host.is_empty()) {
            return Err(no_server());
        }
        let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
        let parameters = parameters.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Ok(Self { user, hosts, database, parameters: parameters.collect() })
    }

    fn servers(
        &self,
        scheme: &str,
        port: &str,
        user: &str,
        database: &str,
    ) -> Result<Vec<ConnectionInfo>, OpenError> {
        let server = |host: &&str| {
            let named = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
            let port = if named { String::new() } else { format!(":{port}") };
            server(&format!("{scheme}://{user}{host}{port}{database}"))
        };
        self.hosts.iter().map(server).collect()
    }
}

fn server(url: &str) -> Result<ConnectionInfo, OpenError> {
    let info = url.into_connection_info().map_err(|error| OpenError::url(error.to_string()))?;
    // The redis crate reports the end of a connection only with RESP3.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let settings = settings.set_lib_name(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    Ok(info.set_redis_settings(settings).set_tcp_settings(tcp))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(servers: &[ConnectionInfo]) -> Vec<String> {
        servers.iter().map(|server| server.addr().to_string()).collect()
    }

    #[test]
    fn one_server() {
        let Topology::Single(server) = Topology::parse("redis://u:p%40@[::1]:7000/3").unwrap()
        else {
            panic!("one server");
        };
        let settings = server.redis_settings();
        assert_eq!(server.addr().to_string(), "::1:7000");
        assert_eq!((settings.username(), settings.password()), (Some("u"), Some("p@")));
        assert_eq!((settings.db(), settings.protocol()), (3, ProtocolVersion::RESP3));
        assert!(matches!(Topology::parse("unix:///run/redis.sock"), Ok(Topology::Single(_))));
    }

    #[test]
    fn a_cluster() {
        let url = "redis-cluster://:secret@a,b:7001,[::1],[::2]:7003";
        let Topology::Cluster(servers) = Topology::parse(url).unwrap() else {
            panic!("a cluster");
        };
        assert_eq!(addresses(&servers), ["a:6379", "b:7001", "::1:6379", "::2:7003"]);
        for server in servers {
            assert_eq!(server.redis_settings().password(), Some("secret"));
        }
    }

    #[test]
    fn sentinel() {
        let url = "redis-sentinel://u:p@a,b:26380/2?service=main&sentinel_password=s%20s";
        let Topology::Sentinel(sentinel) = Topology::parse(url).unwrap() else {
            panic!("sentinel");
        };
        let Sentinel { sentinels, service, template } = &sentinel;
        assert_eq!(addresses(sentinels), ["a:26379", "b:26380"]);
        assert_eq!(service, "main");
        for sentinel in sentinels {
            let settings = sentinel.redis_settings();
            assert_eq!((settings.username(), settings.password()), (None, Some("s s")));
            assert_eq!(settings.db(), 0);
        }
        let settings = template.redis_settings();
        assert_eq!((settings.username(), settings.password()), (Some("u"), Some("p")));
        assert_eq!(settings.db(), 2);
    }

    #[test]
    fn an_invalid_url_is_rejected_with_the_reason() {
        for (url, reason) in [
            ("127.0.0.1:6379", "start with redis://"),
            ("http://127.0.0.1", "start with redis://"),
            ("redis-cluster://", "name a server"),
            ("redis-cluster://a,,b", "name a server"),
            ("redis-cluster://a?x=1", "parameters"),
            ("redis-sentinel://a", "group of servers"),
            ("redis-sentinel://a?service=", "group of servers"),
            ("redis-sentinel://a?master=b", "parameters"),
            ("redis://:port", "invalid Redis URL"),
            #[cfg(not(feature = "tls"))]
            ("rediss://a", "feature `tls`"),
            #[cfg(not(feature = "tls"))]
            ("rediss-cluster://a", "feature `tls`"),
            #[cfg(not(feature = "tls"))]
            ("rediss-sentinel://a?service=b", "feature `tls`"),
        ] {
            let error = Topology::parse(url).err().unwrap();
            assert!(matches!(error, OpenError::Url { .. }), "{url}: {error}");
            assert!(error.to_string().contains(reason), "{url}: {error}");
        }
    }
}
