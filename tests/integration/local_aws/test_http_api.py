from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SOURCE = """
import time
def handler(event, context):
    path = event["rawPath"]
    if path == "/fail":
        raise ValueError("no")
    if path == "/wait":
        time.sleep(5)
    if path.startswith("/page"):
        return {"statusCode": 200, "headers": {"content-type": "text/html"}, "body": "<p>hello</p>", "cookies": ["a=1"]}
    return event
"""

TEMPLATE = """
    Transform: AWS::Serverless-2016-10-31
    Resources:
      OpenApi: {Type: AWS::Serverless::HttpApi}
      ClosedApi:
        Type: AWS::Serverless::HttpApi
        Properties: {Auth: {EnableIamAuthorizer: true, DefaultAuthorizer: AWS_IAM}}
      Function:
        Type: AWS::Serverless::Function
        Properties:
          Handler: app.handler
          Runtime: python3.12
          CodeUri: s3://deployments/http-api-code
          Timeout: 20
          Events:
            Show: {Type: HttpApi, Properties: {ApiId: !Ref OpenApi, Method: GET, Path: "/page/{name}"}}
            Check: {Type: HttpApi, Properties: {ApiId: !Ref OpenApi, Method: HEAD, Path: "/page/{name}"}}
            Decide: {Type: HttpApi, Properties: {ApiId: !Ref OpenApi, Method: POST, Path: "/echo/{proxy+}"}}
            Fail: {Type: HttpApi, Properties: {ApiId: !Ref OpenApi, Method: ANY, Path: /fail}}
            Wait: {Type: HttpApi, Properties: {ApiId: !Ref OpenApi, Method: GET, Path: /wait, TimeoutInMillis: 500}}
            Predict: {Type: HttpApi, Properties: {ApiId: !Ref ClosedApi, Method: POST, Path: "/models/{recipe}"}}
            Opened:
              Type: HttpApi
              Properties: {ApiId: !Ref ClosedApi, Method: GET, Path: /page/opened, Auth: {Authorizer: NONE}}
    Outputs:
      Open: {Value: !GetAtt OpenApi.ApiEndpoint}
      Closed: {Value: !Sub "${ClosedApi.ApiEndpoint}"}
    """


@pytest.fixture(scope="module")
def urls(stacks: Any, zip_of: Callable[[Mapping[str, str]], bytes]) -> dict[str, str]:
    stacks.upload("http-api-code", zip_of({"app.py": SOURCE}))
    assert stacks.deploy("http-apis", TEMPLATE)["StackStatus"] == "CREATE_COMPLETE", stacks.failures("http-apis")
    outputs: dict[str, str] = stacks.outputs("http-apis")
    return outputs


def test_a_page_is_shown(urls: dict[str, str]) -> None:
    answer = requests.get(f"{urls['Open']}/page/one", timeout=20)
    assert (answer.status_code, answer.text) == (200, "<p>hello</p>")
    assert answer.headers["content-type"] == "text/html"
    assert answer.cookies["a"] == "1"


def test_the_address_of_an_api_without_a_path_leads_to_its_root(urls: dict[str, str]) -> None:
    answer = requests.get(urls["Open"], timeout=20, allow_redirects=False)
    assert answer.status_code == 308
    assert urls["Open"].endswith(answer.headers["location"].rstrip("/"))
    assert answer.headers["location"].endswith("/")


def test_head_answers_without_a_body_where_it_is_routed_and_nowhere_else(urls: dict[str, str]) -> None:
    answer = requests.head(f"{urls['Open']}/page/one", timeout=20)
    assert (answer.status_code, answer.content) == (200, b"")
    assert requests.head(f"{urls['Open']}/wait", timeout=20).status_code == 404


def test_the_function_gets_the_whole_request(urls: dict[str, str]) -> None:
    answer = requests.post(f"{urls['Open']}/echo/a/b%20c?q=1", data={"comment": "fine"}, timeout=20)
    event = answer.json()
    assert event["rawPath"] == "/echo/a/b c"
    assert event["pathParameters"] == {"proxy": "a/b c"}
    assert event["queryStringParameters"] == {"q": "1"}
    assert event["isBase64Encoded"] is True
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("DELETE", "/page/one"), ("GET", "/echo/x")])
def test_what_is_not_routed_is_not_found(urls: dict[str, str], method: str, path: str) -> None:
    answer = requests.request(method, urls["Open"] + path, timeout=20)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_an_unknown_api_is_not_found(home: Any) -> None:
    answer = requests.get(f"{home.endpoint_url}/_api/nobody/", timeout=20)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_a_failing_function_is_an_internal_error(urls: dict[str, str]) -> None:
    answer = requests.put(f"{urls['Open']}/fail", timeout=20)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_a_slow_function_is_not_waited_for(urls: dict[str, str]) -> None:
    answer = requests.get(f"{urls['Open']}/wait", timeout=20)
    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})


def test_a_body_above_10_mb_is_refused(urls: dict[str, str]) -> None:
    answer = requests.post(f"{urls['Open']}/echo/x", data=b"x" * (10 * 1024 * 1024 + 1), timeout=20)
    assert answer.status_code == 413


def test_a_route_of_a_closed_api_may_be_opened(urls: dict[str, str]) -> None:
    answer = requests.get(f"{urls['Closed']}/page/opened", timeout=20)
    assert (answer.status_code, answer.text) == (200, "<p>hello</p>")


def test_a_closed_api_asks_for_a_signature(urls: dict[str, str]) -> None:
    url, body = f"{urls['Closed']}/models/mood", b'{"instances":[]}'
    refused = requests.post(url, data=body, timeout=20)
    assert (refused.status_code, refused.json()) == (403, {"message": "Forbidden"})
    request = AWSRequest("POST", url, headers={"Content-Type": "application/json"}, data=body)
    SigV4Auth(Credentials("laptop", "laptop"), "execute-api", "us-east-1").add_auth(request)
    answer = requests.post(url, data=body, headers=dict(request.headers.items()), timeout=20)
    assert answer.status_code == 200
    assert json.loads(answer.json()["body"]) == {"instances": []}


def test_a_closed_api_lets_a_role_in_where_its_policy_says_so(
    client: Callable[[str], Any],
    urls: dict[str, str],
    make_function: Callable[..., str],
    make_role: Callable[..., str],
) -> None:
    api_id = urls["Closed"].rpartition("/")[2]
    may = {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": f"arn:aws:execute-api:us-east-1:123456789012:{api_id}/*/POST/models/allowed",
    }
    role = make_role(client("iam"), "api-caller", "lambda.amazonaws.com", may)
    name = make_function(
        "api-caller", "import os\ndef handler(event, context):\n    return dict(os.environ)", Role=role
    )
    keys = json.loads(client("lambda").invoke(FunctionName=name)["Payload"].read())
    credentials = Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"])

    def post(path: str, signer: Credentials) -> requests.Response:
        request = AWSRequest("POST", f"{urls['Closed']}/models/{path}", data=b"")
        SigV4Auth(signer, "execute-api", "us-east-1").add_auth(request)
        return requests.post(str(request.url), headers=dict(request.headers.items()), timeout=20)

    answer = post("allowed", credentials)
    assert answer.status_code == 200
    caller = answer.json()["requestContext"]["authorizer"]["iam"]["userArn"]
    assert caller == "arn:aws:sts::123456789012:assumed-role/api-caller/api-caller"
    assert post("other", credentials).status_code == 403
    assert post("allowed", Credentials(credentials.access_key, "guessed", credentials.token)).status_code == 403
    assert post("allowed", Credentials(credentials.access_key, credentials.secret_key, "guessed")).status_code == 403


def test_an_api_may_only_ask_a_function_whose_policy_lets_it(
    client: Callable[[str], Any], stacks: Any, urls: dict[str, str]
) -> None:
    function, path = stacks.physical_id("http-apis", "Function"), "/POST/echo/"
    policy = json.loads(client("lambda").get_policy(FunctionName=function)["Policy"])
    [statement] = [each for each in policy["Statement"] if path in each["Condition"]["ArnLike"]["AWS:SourceArn"]]
    assert requests.post(f"{urls['Open']}/echo/a", timeout=20).status_code == 200
    client("lambda").remove_permission(FunctionName=function, StatementId=statement["Sid"])
    try:
        answer = requests.post(f"{urls['Open']}/echo/a", timeout=20)
    finally:
        client("lambda").add_permission(
            FunctionName=function,
            StatementId=statement["Sid"],
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=statement["Condition"]["ArnLike"]["AWS:SourceArn"],
        )
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
    assert requests.post(f"{urls['Open']}/echo/a", timeout=20).status_code == 200
