# Copyright: (c) 2026, voxai.telephony contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - requests
options:
  api_key:
    description:
      - The organization's API key.
      - It is only sent to the host of O(api_url). Redirects are not followed, and no C(.netrc) entry replaces it.
      - Required as an option or as the environment variable E(VOX_API_KEY). An empty variable counts as unset.
    type: str
    required: true
  api_url:
    description:
      - The base URL of the API. C(/v3) is added to a URL without a path, such as V(https://client-api.tryvox.co).
      - Plain C(http) is only accepted for loopback addresses.
      - If not set, the environment variable E(VOX_API_URL) is used.
    type: str
    default: https://client-api.tryvox.co/v3
  validate_certs:
    description:
      - Whether the server's certificate must be trusted. With V(false), an attacker in the network can read
        the API key.
      - If not set, the environment variable E(VOX_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A PEM file with the CA certificates to trust, instead of the default ones.
      - If not set, the environment variable E(VOX_CA_PATH) is used. If that is not set either,
        E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE) is used.
    type: path
  timeout:
    description:
      - Timeout of one request in seconds, from V(1) to V(3600).
      - If not set, the environment variable E(VOX_TIMEOUT) is used.
    type: int
    default: 30
  retries:
    description:
      - How often a request is retried, from V(0) to V(100). A request is retried after a connection error, an
        incomplete or unreadable answer, and HTTP 408, 500 and above.
      - Retries after HTTP 429 (rate limit) do not count. Such a request waits and is retried for up to ten minutes.
      - A registration is only retried if it cannot have been processed. Otherwise the number is looked up first.
      - If not set, the environment variable E(VOX_RETRIES) is used.
    type: int
    default: 5
  requests_per_second:
    description:
      - Rate limit of requests per second, from V(0) to V(1000). V(0) means no limit.
      - It applies to all tasks of an Ansible run inside the Ansible process together.
      - If not set, the environment variable E(VOX_REQUESTS_PER_SECOND) is used.
    type: int
    default: 5
  requests_per_minute:
    description:
      - Rate limit of requests per minute, from V(0) to V(60000). V(0) means no limit.
      - It applies to all tasks of an Ansible run inside the Ansible process together.
      - If not set, the environment variable E(VOX_REQUESTS_PER_MINUTE) is used.
    type: int
    default: 120
notes:
  - Proxies are only read from the environment variables E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY).
    The proxy settings of the system are not used.
"""
