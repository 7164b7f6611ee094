"""ServiceNow, through pysnow and its Batch API."""

from adapters.servicenow.credentials import BasicAuth, ClientCredentials, Credentials
from adapters.servicenow.platform import ServiceNow

__all__ = ["BasicAuth", "ClientCredentials", "Credentials", "ServiceNow"]
