"""Somebody with a browser, as far as signing in needs one: keeps the server's cookies, follows redirects among its own
pages, fills in the form, and stops at the address of the application."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

MAX_HOPS = 12


class Form(HTMLParser):
    """The first form of a page with its fields, and whatever can be read."""

    def __init__(self, html):
        super().__init__()
        self.action, self.fields, self.ids, self.text = None, {}, {}, ""
        self._is_open = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action, self._is_open = attributes.get("action") or "", True
        if self._is_open and tag in ("input", "button"):
            is_button = tag == "button" or attributes.get("type") == "submit"
            self.ids[attributes.get("id")] = (attributes.get("name"), attributes.get("value") or "")
            if attributes.get("name") and not is_button:
                self.fields[attributes["name"]] = attributes.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self._is_open = False

    def handle_data(self, data):
        self.text += " " + data.strip()


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, server):
        self.origin = _origin(server)
        self.http = requests.Session()
        self.http.trust_env = False

    def sign_in(self, address, username, password):
        """Opens an authorization request and signs in; answers the address that the application is sent to."""
        landing = self.get(address)
        for _ in range(4):
            if isinstance(landing, str):
                return landing
            url, form = landing
            if "password" in form.ids:
                landing = self.submit(url, form, {"username": username, "password": password})
            elif "allow" in form.ids:
                landing = self.submit(url, form, {}, "allow")
            else:
                break
        raise AssertionError(f"no way out of {landing[0]}: {landing[1].text}")

    def get(self, address):
        """Opens an address; answers where it leads away to, or the page's address and form."""
        return self._travel("GET", address)

    def submit(self, url, form, values, button="submit"):
        """Fills in the fields with these ids, and presses the button."""
        fields = dict(form.fields)
        fields.update({form.ids[key][0]: value for key, value in values.items()})
        name, value = form.ids[button]
        if name:
            fields[name] = value
        return self._travel("POST", urljoin(url, form.action), fields)

    def _travel(self, method, url, fields=None):
        for _ in range(MAX_HOPS):
            headers = {"accept": "text/html"}
            if method == "POST":
                headers["origin"] = self.origin
            reply = self.http.request(method, url, data=fields, headers=headers, allow_redirects=False)
            if "location" not in reply.headers:
                return url, Form(reply.text)
            assert reply.status_code in (302, 303), f"{url} leads on with {reply.status_code}"
            method, url, fields = "GET", urljoin(url, reply.headers["location"]), None
            if _origin(url) != self.origin:
                return url
        raise AssertionError(f"the journey has no end: {url}")


def _origin(url):
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
