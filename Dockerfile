# The service alone; settings, services and plans come from the folder mounted at /data.
FROM python:3.11-slim AS build
WORKDIR /source
COPY requirements requirements
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/dev.txt
RUN python -m venv /opt/continuity && /opt/continuity/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY . .
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheels . \
    && /opt/continuity/bin/pip install --no-cache-dir --no-deps --no-index /wheels/*.whl

FROM python:3.11-slim
COPY --from=build /opt/continuity /opt/continuity
RUN useradd --uid 10001 --create-home continuity && install -d -o continuity /data
USER 10001
WORKDIR /data
VOLUME /data
ENV PATH=/opt/continuity/bin:$PATH PYTHONUNBUFFERED=1 CONTINUITY_CONFIG=/data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
CMD ["continuity", "serve", "--listen", "0.0.0.0:8080"]
