FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir . && useradd --system --home /data aqe && mkdir /data && chown aqe /data && rm -rf /app
USER aqe
WORKDIR /data
ENTRYPOINT ["aqe"]
