//! From a URL to the servers behind it.

use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use crate::RedisConfigError;

const REDIS_PORT: &str = "6379";
const SENTINEL_PORT: &str = "26379";

/// Which servers there are, and who among them takes the commands.
#[derive(Clone)]
pub(crate) enum Topology {
    /// This one.
    Single(ConnectionInfo),
    /// The one that Sentinel calls the master of a service.
    Sentinel(Sentinel),
    /// Each for its share of the keys; these are some that know the others.
    Cluster(Vec<ConnectionInfo>),
}

/// Who says which server is the master.
#[derive(Clone)]
pub(crate) struct Sentinel {
    pub(crate) sentinels: Vec<ConnectionInfo>,
    /// What they call the servers that they guard.
    pub(crate) service: String,
    /// How to talk to the master; its address is theirs to say.
    pub(crate) template: ConnectionInfo,
}

impl Topology {
    pub(crate) fn parse(url: &str) -> Result<Self, RedisConfigError> {
        let (scheme, rest) = url.split_once("://").ok_or(RedisConfigError::Scheme)?;
        let several = match scheme {
            "redis" | "rediss" | "valkey" | "valkeys" | "redis+unix" | "unix" => None,
            "redis-sentinel" | "redis-cluster" => Some("redis"),
            "rediss-sentinel" | "rediss-cluster" => Some("rediss"),
            _ => return Err(RedisConfigError::Scheme),
        };
        if cfg!(not(feature = "tls")) && (scheme.starts_with("rediss") || scheme == "valkeys") {
            return Err(RedisConfigError::Tls);
        }
        match several {
            None => Ok(Self::Single(server(url)?)),
            Some(single) if scheme.ends_with("cluster") => Self::cluster(single, rest),
            Some(single) => Self::sentinel(single, rest),
        }
    }

    fn cluster(scheme: &str, rest: &str) -> Result<Self, RedisConfigError> {
        let several = Several::parse(rest)?;
        if !several.parameters.is_empty() {
            return Err(RedisConfigError::Parameter);
        }
        several.servers(scheme, REDIS_PORT, several.user, several.database).map(Self::Cluster)
    }

    fn sentinel(scheme: &str, rest: &str) -> Result<Self, RedisConfigError> {
        let several = Several::parse(rest)?;
        let (mut service, mut user, mut password) = (None, "", None);
        for &(name, value) in &several.parameters {
            match name {
                "service" => service = Some(value),
                "sentinel_username" => user = value,
                "sentinel_password" => password = Some(value),
                _ => return Err(RedisConfigError::Parameter),
            }
        }
        let service = service.filter(|service| !service.is_empty());
        let user = password.map_or(String::new(), |password| format!("{user}:{password}@"));
        let masters = several.servers(scheme, REDIS_PORT, several.user, several.database)?;
        Ok(Self::Sentinel(Sentinel {
            sentinels: several.servers(scheme, SENTINEL_PORT, &user, "")?,
            service: service.ok_or(RedisConfigError::Service)?.to_owned(),
            template: masters.into_iter().next().ok_or(RedisConfigError::Host)?,
        }))
    }
}

/// A URL that names several servers, in pieces: `user@host,host/database?name=value`.
struct Several<'a> {
    /// With its `@`; or nothing.
    user: &'a str,
    hosts: Vec<&'a str>,
    /// With its `/`; or nothing.
    database: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Several<'a> {
    fn parse(rest: &'a str) -> Result<Self, RedisConfigError> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let hosts: Vec<_> = hosts.split(',').collect();
        if hosts.iter().any(|host| host.is_empty()) {
            return Err(RedisConfigError::Host);
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
    ) -> Result<Vec<ConnectionInfo>, RedisConfigError> {
        let server = |host: &&str| {
            let named = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
            let port = if named { String::new() } else { format!(":{port}") };
            server(&format!("{scheme}://{user}{host}{port}{database}"))
        };
        self.hosts.iter().map(server).collect()
    }
}

fn server(url: &str) -> Result<ConnectionInfo, RedisConfigError> {
    let info =
        url.into_connection_info().map_err(|error| RedisConfigError::Url(Box::new(error)))?;
    // RESP3, because only with it the redis crate says when a connection has ended.
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
    fn what_cannot_be_read_is_refused() {
        let error = |url| Topology::parse(url).err().unwrap();
        assert!(matches!(error("127.0.0.1:6379"), RedisConfigError::Scheme));
        assert!(matches!(error("http://127.0.0.1"), RedisConfigError::Scheme));
        assert!(matches!(error("redis-cluster://"), RedisConfigError::Host));
        assert!(matches!(error("redis-cluster://a,,b"), RedisConfigError::Host));
        assert!(matches!(error("redis-cluster://a?x=1"), RedisConfigError::Parameter));
        assert!(matches!(error("redis-sentinel://a"), RedisConfigError::Service));
        assert!(matches!(error("redis-sentinel://a?service="), RedisConfigError::Service));
        assert!(matches!(error("redis-sentinel://a?master=b"), RedisConfigError::Parameter));
        assert!(matches!(error("redis://:port"), RedisConfigError::Url(_)));
        #[cfg(not(feature = "tls"))]
        for url in ["rediss://a", "rediss-cluster://a", "rediss-sentinel://a?service=b"] {
            assert!(matches!(error(url), RedisConfigError::Tls));
        }
    }
}
