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
      - It is sent to the host of O(api_url) and nowhere else. No redirect is followed, and no C(.netrc) entry
        replaces it.
      - Required, here or in the environment variable E(VOX_API_KEY). An empty variable counts as unset.
    type: str
    required: true
  api_url:
    description:
      - The base URL of the API. C(/v3) is added to a URL without a path, such as V(https://client-api.tryvox.co).
      - Plain C(http) is accepted for loopback addresses alone.
      - If not set, the environment variable E(VOX_API_URL) is used.
    type: str
    default: https://client-api.tryvox.co/v3
  validate_certs:
    description:
      - Whether the server's certificate must be trusted. Without it, whoever is in between can read the API key.
      - If not set, the environment variable E(VOX_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A PEM file with the certificates of the authorities to trust, instead of the usual ones.
      - If not set, the environment variable E(VOX_CA_PATH) is used. If that is not set either,
        E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE) can name such a file.
    type: path
  timeout:
    description:
      - Seconds for one request.
      - If not set, the environment variable E(VOX_TIMEOUT) is used.
    type: int
    default: 30
  retries:
    description:
      - Further tries of one request that got no complete or readable answer, or one that says to try again
        (HTTP 408, and from 500 on). Requests that are refused with HTTP 429 only wait, for up to ten minutes.
      - A registration is tried again only when it surely was not processed. Otherwise the number is looked up first.
      - If not set, the environment variable E(VOX_RETRIES) is used.
    type: int
    default: 5
  requests_per_second:
    description:
      - The most requests to send in any second. V(0) means no such limit.
      - All tasks that run in the controller count together, for the whole run of Ansible.
      - If not set, the environment variable E(VOX_REQUESTS_PER_SECOND) is used.
    type: int
    default: 5
  requests_per_minute:
    description:
      - The most requests to send in any minute. V(0) means no such limit.
      - All tasks that run in the controller count together, for the whole run of Ansible.
      - If not set, the environment variable E(VOX_REQUESTS_PER_MINUTE) is used.
    type: int
    default: 120
notes:
  - Proxies are only taken from the environment variables E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY).
    The system's proxy settings are not used.
"""
