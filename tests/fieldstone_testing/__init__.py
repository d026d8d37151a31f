"""What tests of all floors share: a PostgreSQL server, apps from YAML texts, clients, servers."""

from fieldstone_testing.apps import App, AppFactory
from fieldstone_testing.clients import ApiClient
from fieldstone_testing.cluster import Cluster
from fieldstone_testing.servers import Server

__all__ = ["ApiClient", "App", "AppFactory", "Cluster", "Server"]
