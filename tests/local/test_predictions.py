"""The prediction API and its pages behind real HTTP: with keys, as the laptop deploys it, and with signatures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from greenlight.deployment import Deployer
from lambdas.predict.paths import OPEN, PATHS
from tests.accessibility import serious_problems

PROJECT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 60
GOOD = "a wonderful, moving and funny film with terrific performances"
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
DESKTOP, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def outputs(laptop: Any, first_release: Any) -> dict[str, str]:
    """Outputs of the deployed stack, of which a model is live."""
    assert first_release.code == 0, first_release.errors
    [stack] = laptop.client("cloudformation").describe_stacks(StackName="greenlight")["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


@pytest.fixture(scope="module")
def base(outputs: dict[str, str]) -> str:
    return outputs["PredictionUrl"]


@pytest.fixture(scope="module")
def key(laptop: Any, outputs: dict[str, str]) -> str:  # noqa: ARG001 - the stack is there
    made = laptop.call("keys", "create", "test")
    assert made.code == 0, made.errors
    return str(made.document["key"])


def post(base: str, body: object, *, recipe: str = "review-snippets", **headers: str) -> requests.Response:
    url = f"{base}/models/{recipe}/predictions"
    return requests.post(url, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}, timeout=60)


def address(base: str, path: str) -> str:
    return base + path.replace("{recipe}", "review-snippets")


# --- keys ---


def test_the_laptop_deploys_with_keys(outputs: dict[str, str]) -> None:
    assert outputs["ApiAccess"] == "API_KEY"


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_without_a_key_nothing_answers_but_the_health_check_and_the_way_in(base: str, path: str) -> None:
    for method in METHODS:
        answer = requests.request(
            method, address(base, path), json={"instances": [GOOD]}, timeout=60, allow_redirects=False
        )
        if path in OPEN or path == "/sign-in":
            assert answer.status_code in {200, 405, 415}
        else:
            assert answer.status_code == 401, (method, path)
        assert "positive" not in answer.text


def test_rows_are_answered_with_a_key_and_bad_ones_listed(base: str, key: str) -> None:
    answer = post(base, {"instances": [GOOD, "", 5]}, x_api_key=key)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["model_version"] == "1"
    assert [each and each["label"] for each in document["predictions"]] == ["positive", None, None]
    assert [each["index"] for each in document["errors"]] == [1, 2]


def test_the_models_and_the_document_are_served(base: str, key: str) -> None:
    def get(path: str) -> Any:
        answer = requests.get(base + path, headers={"x-api-key": key}, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert "review-snippets" in [each["recipe"] for each in get("/models")["models"]]
    shown = get("/models/review-snippets")
    assert shown["task"] == "binary"
    assert shown["data"]["test_rows"] > 1000
    assert shown["metrics"]["accuracy"] > 0.7
    assert shown["approval"].startswith("Approved by approver on ")
    assert "/models/{recipe}/predictions" in get("/openapi.json")["paths"]


def test_problems_have_their_own_statuses(base: str, key: str) -> None:
    def status(**options: Any) -> int:
        url = f"{base}/models/review-snippets/predictions"
        headers = {"x-api-key": key, **options.pop("headers", {})}
        answer = requests.request(options.pop("method", "POST"), url, headers=headers, timeout=60, **options)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        assert answer.json()["status"] == answer.status_code
        return answer.status_code

    assert status(data="{", headers={"content-type": "application/json"}) == 400
    assert status(data="a,b", headers={"content-type": "text/csv"}) == 415
    assert status(data=b"\xff", headers={"content-type": "application/octet-stream"}) == 415
    assert status(json={"instances": [""]}) == 422
    assert status(json={"instances": ["a"] * 101}) == 413
    assert status(json={"instances": ["a" * (4 << 20)]}) == 413
    assert status(json={"instances": [GOOD], "model_version": "99"}) == 404
    assert status(method="PUT", json={}) == 405
    assert post(base, {"instances": [GOOD]}, recipe="never-released", x_api_key=key).status_code == 404


def test_a_revoked_key_is_refused_at_once(laptop: Any, base: str, key: str) -> None:
    made = laptop.call("keys", "create", "short-lived", "--days", "1").document
    assert made["state"] == "active"
    assert post(base, {"instances": [GOOD]}, x_api_key=made["key"]).status_code == 200
    assert laptop.call("keys", "delete", "short-lived").document["state"] == "revoked"
    assert post(base, {"instances": [GOOD]}, x_api_key=made["key"]).status_code == 401
    listed = {each["name"]: each["state"] for each in laptop.call("keys", "list").document}
    assert (listed["short-lived"], listed["test"]) == ("revoked", "active")
    assert not [name for name in listed if name.startswith("cli-")], "the program's own keys are gone"
    assert key not in json.dumps(laptop.call("keys", "list").document)


def test_the_command_line_tells_rows_that_were_not_answered(laptop: Any, tmp_path: Path) -> None:
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps([GOOD, " "]))
    answer = laptop.call("predict", "review-snippets", "--rows", str(rows), "--version", "1")
    assert answer.code == 1
    assert answer.document["predictions"][0]["label"] == "positive"
    assert answer.document["errors"] == [{"index": 1, "reason": "is an empty text"}]
    refused = laptop.call("predict", "review-snippets", GOOD, "--version", "99")
    assert refused.code == 2
    assert "There is no version 99 of review-snippets" in refused.document["error"]


# --- signatures ---


@pytest.fixture(scope="module")
def signed_base(laptop: Any, outputs: dict[str, str]) -> Iterator[str]:
    """The same API over the same models, deployed as it is on AWS by default."""
    cloudformation = laptop.client("cloudformation")
    nested = {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in cloudformation.describe_stack_resources(StackName="greenlight")["StackResources"]
    }
    [training] = cloudformation.describe_stacks(StackName=nested["Training"])["Stacks"]
    made = {each["OutputKey"]: each["OutputValue"] for each in training["Outputs"]}
    parameters = {
        "Deployment": made["Deployment"],
        "Prefix": "greenlight",
        "LibrariesLayerArn": made["LibrariesLayerArn"],
        "ArtifactBucket": outputs["ArtifactBucket"],
        "ReleaseTable": outputs["ReleaseTable"],
        "ApiAccess": "IAM",
    }
    deployer = Deployer(cloudformation, laptop.client("s3"), bucket="signed-deployments", poll_seconds=0.2)
    deployed = deployer.deploy(PROJECT / "infra/sam/serving.yaml", "signed", parameters)
    yield deployed.outputs["PredictionUrl"]
    # Its role would be looked at by test_least_privilege.
    cloudformation.delete_stack(StackName="signed")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="signed", WaiterConfig={"Delay": 1})


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_without_a_signature_nothing_answers_but_the_health_check(signed_base: str, key: str, path: str) -> None:
    for method in METHODS:
        answer = requests.request(
            method,
            address(signed_base, path),
            json={"instances": [GOOD]},
            headers={"x-api-key": key},
            cookies={"greenlight-key": key},
            timeout=60,
            allow_redirects=False,
        )
        if path in OPEN:
            assert answer.status_code in {200, 405}
        else:
            assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"}), (method, path)


def test_a_signed_request_is_answered(signed_base: str) -> None:
    body = json.dumps({"instances": [GOOD]}).encode()
    url = f"{signed_base}/models/review-snippets/predictions"
    request = AWSRequest("POST", url, headers={"Content-Type": "application/json"}, data=body)
    SigV4Auth(Credentials("laptop", "laptop"), "execute-api", "us-east-1").add_auth(request)
    answer = requests.post(url, data=body, headers=dict(request.headers.items()), timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"][0]["label"] == "positive"


# --- pages ---


def words(driver: Any) -> str:
    text: str = driver.find_element(By.TAG_NAME, "main").text
    return text


def shows(driver: Any, text: str) -> None:
    # Between two looks the page may be exchanged for the next one.
    wait = WebDriverWait(driver, TIMEOUT_SECONDS, ignored_exceptions=[WebDriverException])
    try:
        wait.until(lambda page: text in words(page))
    except TimeoutException as error:
        raise AssertionError(f"the page does not say {text!r}, but {words(driver)!r}") from error


def enter(element: Any, text: str) -> None:
    """Type a text; keys that come before a new page has been painted are dropped, so a look confirms them."""

    def typed(_: Any) -> bool:
        if element.get_attribute("value") != text:
            element.clear()
            element.send_keys(text)
        return bool(element.get_attribute("value") == text)

    WebDriverWait(element.parent, TIMEOUT_SECONDS).until(typed, message="the field does not hold what was typed")


def fetched(driver: Any) -> set[str]:
    """Hosts that the browser has asked for anything."""
    events = [json.loads(each["message"])["message"] for each in driver.get_log("performance")]
    sent = [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]
    return {urlsplit(url).netloc for url in sent if url.startswith("http")}


@pytest.mark.parametrize(("size", "javascript"), [(DESKTOP, True), (DESKTOP, False), (PHONE, False)])
def test_a_person_follows_the_link_asks_and_signs_out(
    laptop: Any, base: str, browser: Callable[..., Any], size: tuple[int, int], javascript: bool
) -> None:
    driver = browser(size, javascript=javascript)
    driver.get(laptop.call("page", "review-snippets").document["url"])
    assert driver.current_url == f"{base}/recipes/review-snippets", "the key is gone from the address"
    shows(driver, "Is a sentence from a film review positive or negative?")
    enter(driver.find_element(By.ID, "text"), GOOD)
    driver.find_element(By.CSS_SELECTOR, "button.go").click()
    shows(driver, "Its answer")
    assert driver.find_element(By.CSS_SELECTOR, ".answer .said").text == "positive"
    assert driver.title.startswith("positive")
    assert driver.find_element(By.ID, "text").text == GOOD
    width = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["width"]
    assert width <= size[0], "nothing needs sideways scrolling"
    assert fetched(driver) == {urlsplit(base).netloc}, "nothing is fetched from elsewhere"
    assert [each["message"] for each in driver.get_log("browser") if "favicon" not in each["message"]] == []
    driver.find_element(By.XPATH, "//button[text()='Sign out']").click()
    shows(driver, "API key")
    driver.get(f"{base}/recipes/review-snippets")
    shows(driver, "API key")


def test_a_checker_of_pages_finds_nothing_serious(laptop: Any, base: str, browser: Callable[..., Any]) -> None:
    for size in (DESKTOP, PHONE):
        driver = browser(size, javascript=True)
        driver.get(f"{base}/recipes/review-snippets")
        shows(driver, "Sign in")
        assert serious_problems(driver) == []
        driver.get(laptop.call("page", "review-snippets").document["url"])
        shows(driver, "How good is it?")
        assert serious_problems(driver) == []
        enter(driver.find_element(By.ID, "text"), GOOD)
        driver.find_element(By.CSS_SELECTOR, "button.go").click()
        shows(driver, "Its answer")
        assert serious_problems(driver) == []
        driver.get(f"{base}/")
        shows(driver, "review-snippets")
        assert serious_problems(driver) == []


def test_by_keyboard_alone_a_person_signs_in_with_a_key_and_asks(
    base: str, key: str, browser: Callable[..., Any]
) -> None:
    driver = browser(DESKTOP)
    driver.get(f"{base}/recipes/review-snippets")
    shows(driver, "Sign in")
    assert "That did not work" not in words(driver)

    def tab_to(wanted: Callable[[Any], bool]) -> Any:
        for _ in range(20):
            driver.switch_to.active_element.send_keys(Keys.TAB)
            if wanted(driver.switch_to.active_element):
                return driver.switch_to.active_element
        raise AssertionError("the keyboard does not lead there")

    field = tab_to(lambda element: element.get_attribute("id") == "key")
    enter(field, "gl_wrong_key")
    field.send_keys(Keys.ENTER)
    shows(driver, "That did not work.")
    field = tab_to(lambda element: element.get_attribute("id") == "key")
    enter(field, key)
    field.send_keys(Keys.ENTER)
    shows(driver, "How good is it?")
    assert driver.current_url == f"{base}/recipes/review-snippets"
    enter(tab_to(lambda element: element.tag_name == "textarea"), "   ")
    tab_to(lambda element: element.text == "Ask the model").send_keys(Keys.ENTER)
    shows(driver, "What you entered is an empty text.")
    enter(tab_to(lambda element: element.tag_name == "textarea"), "dull, lifeless and a complete waste of time")
    tab_to(lambda element: element.text == "Ask the model").send_keys(Keys.ENTER)
    shows(driver, "Its answer")
    assert driver.find_element(By.CSS_SELECTOR, ".answer .said").text == "negative"
