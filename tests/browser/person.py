"""Somebody in front of a browser: what they click, and what the browser complains about."""

import re

from playwright.sync_api import ConsoleMessage, Locator, Page, Response, expect

from tests.cast import PASSWORD

NUMBER = re.compile(r"CS\d{11,}")


class Person:
    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} {response.url}")

    def sign_in(self, login: str) -> None:
        self.go("/login")
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", PASSWORD)
        self.send()
        expect(self.page).to_have_url(f"{self.site}/")

    def go(self, path: str) -> None:
        self.page.goto(self.site + path)

    def send(self, button: str | None = None) -> None:
        """Press the page's first button, or the one with these words."""
        main = self.page.locator("main")
        found: Locator = main.get_by_role("button", name=button) if button else main.locator("form button[type=submit]")
        found.first.click()
        self.page.wait_for_load_state()

    def choose(self, field: str, value: str) -> None:
        """A radio button or a checkbox, by its label, as a finger would."""
        box = self.page.locator(f"[name={field}][value='{value}']")
        self.page.locator("main label").filter(has=box).first.click()

    def write(self, **fields: str) -> None:
        for name, text in fields.items():
            self.page.locator(f"main form.form [name={name}]").first.fill(text)

    def sees(self, text: str) -> None:
        expect(self.page.locator("main")).to_contain_text(text)

    def does_not_see(self, text: str) -> None:
        expect(self.page.locator("body")).not_to_contain_text(text)

    @property
    def ticket(self) -> str:
        """The number of the ticket whose page is open."""
        found = NUMBER.search(self.page.url)
        assert found, self.page.url
        return found.group()
